import type { ContextAwareRestartInput, WorkerInput } from '@roundhouse/api';
import { durationMs } from './quantities.ts';
import type { ContextAwareRestart, Profile, RestartBudget, RestartSpec } from './spec.ts';

const PROFILE_MULTIPLIERS: Readonly<Record<Profile, number>> = {
  batch: 3,
  web: 1,
  database: 5,
  worker: 2,
  scheduler: 2.5,
  default: 1,
};

const SEVERITY_MULTIPLIERS = { warning: 0.5, critical: 1, emergency: 2 };

const BUDGET: RestartBudget = { maxRetries: 5, retryDelayMs: 1_000, backoffRate: 2 };

export function restartOf(
  input: NonNullable<WorkerInput['restart']> = {},
  profile: Profile,
  isScheduled: boolean,
): RestartSpec {
  const { backoff = {}, context_aware: contextAware } = input;
  return {
    policy: input.policy ?? (isScheduled ? 'on_failure' : 'always'),
    successExitCodes: input.success_exit_codes ?? [0],
    rules: (input.rules ?? []).map(({ exit_codes: exitCodes = [], signals = [], action }) => ({
      exitCodes,
      signals,
      action,
    })),
    backoff: {
      initialMs: durationMs(backoff.initial ?? '1s'),
      maxMs: durationMs(backoff.max ?? '60s'),
      factor: backoff.factor ?? 2,
      jitter: backoff.jitter ?? 0.25,
    },
    resetAfterMs: durationMs(input.reset_after ?? '10m'),
    crashLoopAfter: input.crash_loop_after ?? 5,
    contextAware: contextAware && contextAwareOf(contextAware, profile),
  };
}

function contextAwareOf(input: ContextAwareRestartInput, profile: Profile): ContextAwareRestart {
  const exit = budgetOf(input.default, BUDGET);
  return {
    budgets: {
      exit,
      health_failure: budgetOf(input.health_failures, exit),
      resource_violation: budgetOf(input.resource_violations, exit),
    },
    severityMultipliers: { ...SEVERITY_MULTIPLIERS, ...defined(input.severity_multipliers) },
    profileMultiplier: input.worker_profile_multipliers?.[profile] ?? PROFILE_MULTIPLIERS[profile],
    startupGraceMs: durationMs(input.startup_grace_period ?? '0s'),
    sustainedViolationMs: durationMs(input.sustained_violation_time ?? '0s'),
    spikeToleranceMs: durationMs(input.spike_tolerance_time ?? '0s'),
    halfOpenAfterMs: durationMs(input.half_open_after ?? '5m'),
  };
}

function budgetOf(input: ContextAwareRestartInput['default'], fallback: RestartBudget): RestartBudget {
  if (input === undefined) return fallback;
  const { max_retries: maxRetries, retry_delay: delay, backoff_rate: backoffRate } = input;
  return {
    maxRetries: maxRetries ?? fallback.maxRetries,
    retryDelayMs: delay === undefined ? fallback.retryDelayMs : durationMs(delay),
    backoffRate: backoffRate ?? fallback.backoffRate,
  };
}

function defined<T extends object>(fields: T = {} as T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
