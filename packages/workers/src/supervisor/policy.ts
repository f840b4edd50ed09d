import type { InstanceEvent } from '../instance/machine.ts';
import type { Violation } from '../limits/contract.ts';
import type { LimitPolicy, LimitsSpec } from '../spec/spec.ts';

/** What is done about a limit that is exceeded, beside telling it. */
export type LimitAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'log' }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'adjust'; readonly event: InstanceEvent }
  | { readonly kind: 'send'; readonly event: InstanceEvent };

/** Steps of `escalate`, one after the other while it lasts. */
const ESCALATION = ['alert', 'throttle', 'restart', 'immediate_kill'] as const satisfies readonly LimitPolicy[];

export function actionOn({ policy, severity, step }: Violation): LimitAction {
  if (severity === 'warning') return { kind: policy === 'log' ? 'log' : 'none' };
  const effective = policy === 'escalate' ? (ESCALATION[Math.min(step, ESCALATION.length - 1)] ?? 'alert') : policy;
  const exceeded = (isKill: boolean, isFinal: boolean): InstanceEvent => ({
    kind: 'limitExceeded',
    severity,
    isKill,
    isFinal,
  });
  switch (effective) {
    case 'log':
    case 'throttle':
      return { kind: effective };
    case 'graceful_shutdown':
      return { kind: 'send', event: exceeded(false, true) };
    case 'immediate_kill':
      return { kind: 'send', event: exceeded(true, false) };
    case 'restart':
      return { kind: 'send', event: exceeded(false, false) };
    case 'restart_adjusted':
      return { kind: 'adjust', event: exceeded(false, false) };
    default:
      return { kind: 'none' };
  }
}

/** By how much a limit is raised each time, and how often at most. */
const RAISE = 1.5;
export const MAX_ADJUSTMENTS = 2;

/** The limits after so many adjustments: those whose policy says so are raised. */
export function raised(limits: LimitsSpec, adjustments: number): LimitsSpec {
  if (adjustments === 0) return limits;
  const factor = RAISE ** Math.min(adjustments, MAX_ADJUSTMENTS);
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [
      name,
      limit.policy === 'restart_adjusted' ? { ...limit, value: Math.ceil(limit.value * factor) } : limit,
    ]),
  );
}
