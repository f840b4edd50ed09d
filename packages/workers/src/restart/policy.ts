import type { Random } from '@roundhouse/resilience';
import type { RestartPolicy } from '../instance/instance.ts';
import type { Ending, RestartVerdict } from '../instance/machine.ts';
import type { ContextAwareRestart, RestartSpec, WorkerSpec } from '../spec/spec.ts';
import { delayAfter, type Growth, MIN_DELAY_MS } from './delay.ts';
import { NO_RESTARTS, type RestartHistory, whenReady, whenUp } from './history.ts';
import { verdictOf } from './verdict.ts';

interface Decision {
  readonly history: RestartHistory;
  readonly verdict: RestartVerdict;
}

/**
 * Whether a worker that has ended, or could not be started, is started again, and when. `specOf` is asked each time.
 *
 * Without budgets the first restart in a row is at once, the next after `backoff.initialMs`, and so on; it never gives
 * up, as systemd and Kubernetes do not. With them (`contextAware`) each trigger has its own, times severity and profile,
 * rounded up; a retry waits `retryDelayMs`, the next `backoffRate` times as long. Failures of health and limits within
 * the startup grace are restarts by backoff that no budget pays for. A budget that is spent opens the circuit: after
 * `halfOpenAfterMs` there is one try, which closes it when its probes find it ready or it has been up for `resetAfterMs`,
 * and opens it anew when it ends before, for whatever reason.
 *
 * What could not be started waits (`start_failed`) even the first time: by backoff where trying again may help, else for
 * the longest wait there is. It is paid for by the budget of exits.
 */
export function createRestartPolicy(
  specOf: () => Pick<WorkerSpec, 'restart' | 'probes'>,
  { random }: { readonly random: Random },
): RestartPolicy<RestartHistory> {
  return {
    decide(before = NO_RESTARTS, ending, now) {
      const { restart } = specOf();
      const history = whenUp(before, restart, ending.upMs);
      const verdict = verdictOf(restart, ending);
      if (verdict.kind === 'complete') return { history, verdict: { kind: 'idle', reason: 'completed' } };
      if (verdict.kind === 'fail') return { history, verdict };
      const { contextAware } = restart;
      const isFree = contextAware === undefined || (history.openedAt === null && isInGrace(contextAware, ending));
      return isFree
        ? byBackoff(restart, history, ending, random)
        : withinBudget(restart, contextAware, history, ending, now, random);
    },
    recovered(history, _now) {
      // Without a probe that says so, "ready" is no more than "started".
      const { startup, readiness } = specOf().probes;
      const isProven = startup !== undefined || readiness !== undefined;
      return history && isProven ? whenReady(history) : history;
    },
  };
}

type TimedEnding = Ending & { readonly upMs: number };

function isInGrace({ startupGraceMs }: ContextAwareRestart, ending: TimedEnding): boolean {
  return ending.kind === 'exited' && ending.trigger !== 'exit' && ending.upMs < startupGraceMs;
}

function byBackoff(spec: RestartSpec, history: RestartHistory, ending: Ending, random: Random): Decision {
  const { restarts } = history;
  const isStarted = ending.kind === 'exited';
  if (isStarted && restarts === 0) return again(spec, history, ending, 0);
  return again(spec, history, ending, delayOf(ending, isStarted ? restarts - 1 : restarts, spec.backoff, random));
}

function withinBudget(
  spec: RestartSpec,
  contextAware: ContextAwareRestart,
  history: RestartHistory,
  ending: Ending,
  now: number,
  random: Random,
): Decision {
  const { budgets, halfOpenAfterMs, severityMultipliers, profileMultiplier } = contextAware;
  const { trigger, severity } = ending.kind === 'exited' ? ending : NOT_LAUNCHED;
  const { maxRetries, retryDelayMs, backoffRate } = budgets[trigger];
  const allowed = Math.ceil(maxRetries * severityMultipliers[severity] * profileMultiplier);
  const spent = history.spent[trigger];
  if (history.openedAt !== null || spent >= allowed) {
    return {
      history: { ...history, restarts: history.restarts + 1, openedAt: now },
      verdict: { kind: 'wait', ms: Math.max(halfOpenAfterMs, MIN_DELAY_MS), reason: 'circuit_open' },
    };
  }
  const { maxMs, jitter } = spec.backoff;
  const growth = { initialMs: retryDelayMs, maxMs: Math.max(maxMs, retryDelayMs), factor: backoffRate, jitter };
  const paid = { ...history, spent: { ...history.spent, [trigger]: spent + 1 } };
  return again(spec, paid, ending, delayOf(ending, spent, growth, random));
}

const NOT_LAUNCHED = { trigger: 'exit', severity: 'critical' } as const;

function delayOf(ending: Ending, earlier: number, growth: Growth, random: Random): number {
  const isHopeless = ending.kind === 'notLaunched' && !ending.isRetryable;
  return delayAfter(earlier, isHopeless ? { ...growth, initialMs: growth.maxMs } : growth, random);
}

function again({ crashLoopAfter }: RestartSpec, before: RestartHistory, ending: Ending, ms: number): Decision {
  const restarts = before.restarts + 1;
  const history = { ...before, restarts };
  if (ms === 0) return { history, verdict: { kind: 'start' } };
  const isLoop = restarts >= crashLoopAfter;
  const reason = ending.kind === 'notLaunched' ? 'start_failed' : isLoop ? 'crash_loop' : 'backoff';
  return { history, verdict: { kind: 'wait', ms, reason } };
}
