import type { LimitName, Severity } from '../spec/spec.ts';
import type { Violation } from './contract.ts';
import type { Placement } from './plan.ts';

/** When an exceedance is told. */
export interface Windows {
  readonly intervalMs: number;
  /** It must last this long. */
  readonly sustainedMs: number;
  /** Shorter ones are forgiven. */
  readonly spikeMs: number;
}

/** Half as much again. */
const EMERGENCY_RATIO = 1.5;
/** Beyond the limit for so many intervals. */
const EMERGENCY_INTERVALS = 10;
/** Between two steps of `escalate`, at least: the step before must have shown what it does. */
const STEP_INTERVALS = 3;
/** Without so much as a warning, after which `escalate` begins anew; a restart alone does not make it forget. */
const FORGET_INTERVALS = 10;
/** The last step of `escalate`; it is repeated while nothing helps. */
const LAST_STEP = 3;

const RANKS = { warning: 1, critical: 2, emergency: 3 } as const satisfies Record<Severity, number>;

type Told = { readonly kind: 'violated'; readonly violation: Violation } | { readonly kind: 'recovered' };

/** For how long something has been so. */
class Stretch {
  #since: number | undefined;

  /** Gives its length, ms; undefined when it is not so now. */
  note(isSo: boolean, at: number): number | undefined {
    if (!isSo) this.#since = undefined;
    else this.#since ??= at;
    return this.#since === undefined ? undefined : at - this.#since;
  }
}

/**
 * Tells when a limit is exceeded, from one sample after the other. A violation is told when it has lasted for both
 * windows, once for each severity that it rises to; nothing more is told until it has recovered, that is, until it was
 * below the threshold of warnings for as long. `escalate` is told once for each of its steps.
 */
export class Detector {
  #near = new Stretch();
  #over = new Stretch();
  #calm = new Stretch();
  /** Rank of what was told last; 0 for nothing. */
  #told = 0;
  #steps = 0;
  #nextStepAt = 0;

  /** Another run: what was before is no part of it, but for the steps that were taken. */
  begin(): void {
    this.#near = new Stretch();
    this.#over = new Stretch();
    this.#calm = new Stretch();
    this.#told = 0;
  }

  /** `at`: monotonic, ms. `used`: null when it could not be read, which says nothing. */
  note(used: number | null, at: number, limit: Placement, windows: Windows): Told | undefined {
    if (used === null || limit.policy === 'none') return undefined;
    const { intervalMs, sustainedMs, spikeMs } = windows;
    const requiredMs = Math.max(sustainedMs, spikeMs);
    const state = stateOf(used, limit);
    const nearMs = this.#near.note(state !== 'ok', at);
    const overMs = this.#over.note(state === 'exceeded', at);
    const calmMs = this.#calm.note(state === 'ok', at);
    if (calmMs !== undefined) {
      if (calmMs >= Math.max(requiredMs, FORGET_INTERVALS * intervalMs)) this.#steps = 0;
      if (this.#told === 0 || calmMs < requiredMs) return undefined;
      this.#told = 0;
      return { kind: 'recovered' };
    }
    const isCritical = overMs !== undefined && overMs >= requiredMs;
    if (!isCritical)
      return nearMs !== undefined && nearMs >= requiredMs ? this.#tell('warning', used, limit) : undefined;
    const isEmergency =
      used >= limit.value * EMERGENCY_RATIO || overMs >= requiredMs + EMERGENCY_INTERVALS * intervalMs;
    const severity = isEmergency ? 'emergency' : 'critical';
    if (limit.policy !== 'escalate') return this.#tell(severity, used, limit);
    if (this.#told >= RANKS.critical && at < this.#nextStepAt) return undefined;
    this.#nextStepAt = at + Math.max(requiredMs, STEP_INTERVALS * intervalMs);
    this.#told = 0;
    const told = this.#tell(severity, used, limit);
    this.#steps = Math.min(this.#steps + 1, LAST_STEP);
    return told;
  }

  #tell(severity: Severity, used: number, { limit, policy, value }: Placement): Told | undefined {
    if (RANKS[severity] <= this.#told) return undefined;
    this.#told = RANKS[severity];
    return { kind: 'violated', violation: { limit, policy, severity, value, used, step: this.#steps } };
  }
}

/** What the kernel holds is exceeded when it is reached, for then it refuses; but a ration is there to be used up. */
export function stateOf(used: number, { limit, value, warnRatio, isExact }: Placement): 'ok' | 'warning' | 'exceeded' {
  const isExceeded = isExact ? used >= value && !isRation(limit) : used > value;
  if (isExceeded) return 'exceeded';
  // A limit of nothing is not nearly reached by nothing.
  return used > 0 && used >= value * warnRatio ? 'warning' : 'ok';
}

function isRation(limit: LimitName): boolean {
  return (
    limit === 'cpu.max_percent' || limit === 'memory.max_swap' || limit.endsWith('_rate') || limit.endsWith('_ops')
  );
}
