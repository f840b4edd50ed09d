import type { Ending, RestartVerdict } from '../instance/machine.ts';
import type { Exit } from '../process/contract.ts';
import { restartOf } from '../spec/restart.ts';
import type { ProbesSpec, RestartSpec, RestartTrigger, Severity } from '../spec/spec.ts';
import type { RestartHistory } from './history.ts';
import { createRestartPolicy } from './policy.ts';

export type TimedEnding = Ending & { readonly upMs: number };

/** Ends of runs, as tests have them. */
export function exited(
  exit: Partial<Pick<Exit, 'code' | 'signal' | 'isKnown'>>,
  upMs = 0,
  trigger: RestartTrigger = 'exit',
  severity: Severity = 'critical',
): TimedEnding {
  const { code = null, signal = null, isKnown = true } = exit;
  return {
    kind: 'exited',
    exit: { generation: 1, code, signal, isKnown, at: 0 },
    trigger,
    severity,
    upMs,
  };
}

export const CRASH = exited({ code: 1 });

export const NO_PROBES: ProbesSpec = { startup: undefined, readiness: undefined, liveness: undefined };

/** Chance that moves nothing: the middle of the jitter. */
const MIDDLE = 0.5;

export function policyOf(
  input: Parameters<typeof restartOf>[0],
  { random = MIDDLE, probes = NO_PROBES }: { readonly random?: number; readonly probes?: ProbesSpec } = {},
) {
  const restart: RestartSpec = restartOf(input, 'default', false);
  return createRestartPolicy(() => ({ restart, probes }), { random: () => random });
}

type Policy = ReturnType<typeof policyOf>;

/** What the policy says of ends one after the other, each a second after the wait for the one before. */
export function follow(policy: Policy, endings: readonly TimedEnding[], before?: RestartHistory) {
  let history = before;
  let now = 1_000_000;
  const verdicts: RestartVerdict[] = [];
  for (const ending of endings) {
    const decision = policy.decide(history, ending, now);
    history = decision.history;
    verdicts.push(decision.verdict);
    now += 1_000 + (decision.verdict.kind === 'wait' ? decision.verdict.ms : 0);
  }
  return { verdicts, history: history as RestartHistory };
}
