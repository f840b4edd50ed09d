import type { Clock, Timer } from '@roundhouse/core';
import { type Candidates, EXCLUSION, STANDING } from './candidates.ts';
import type { FailbackOptions } from './groupOptions.ts';
import type { GroupLease } from './lease.ts';
import type { Member } from './member.ts';

/**
 * Asks leases on lower tiers to come back to the best tier that is healthy: after it has been there for a while, a few
 * in each interval, and never more than it has room for.
 */
export class Failback<Target> {
  #options: Required<FailbackOptions>;
  readonly #clock: Clock;
  readonly #candidates: Candidates;
  readonly #members: ReadonlyMap<string, Member<Target>>;
  /** Leases that were asked and are still there. */
  readonly #asked = new Map<GroupLease<Target>, Member<Target>>();
  #timer: Timer | undefined;
  #tier = Infinity;

  constructor(
    options: Required<FailbackOptions>,
    clock: Clock,
    candidates: Candidates,
    members: ReadonlyMap<string, Member<Target>>,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#candidates = candidates;
    this.#members = members;
  }

  /** Takes other options. Who was asked in another mode is asked anew, or not at all; the next review plans the rest. */
  configure(options: Required<FailbackOptions>): void {
    const { mode } = this.#options;
    this.#options = options;
    this.stop();
    if (options.mode !== mode) this.#withdraw(Infinity);
  }

  /** Something has changed that may call for a return, or end it. */
  review(): void {
    if (this.#options.mode === 'manual') return;
    const tier = bestTier(this.#candidates);
    if (tier !== this.#tier) {
      this.#tier = tier;
      this.stop();
      this.#withdraw(tier);
    }
    if (this.#timer !== undefined || this.#room() <= 0) return;
    this.#timer = this.#clock.setTimer(this.#options.delayMs, () => this.#ask());
  }

  /** The lease was released, or is wanted elsewhere for another reason. */
  forget(lease: GroupLease<Target>): void {
    this.#asked.delete(lease);
  }

  /** Endpoints have changed tier: what was asked is reconsidered at the next review. */
  rankChanged(): void {
    this.#tier = Number.NaN;
  }

  /** Idempotent; `review` begins anew. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #ask(): void {
    const { mode, batch, intervalMs } = this.#options;
    const deadline = mode === 'immediate' ? this.#clock.monotonic() : Infinity;
    const leases = this.#next(Math.min(batch, this.#room()));
    this.#timer = undefined;
    for (const [lease, member] of leases) {
      this.#asked.set(lease, member);
      lease.want({ reason: 'failback', deadline });
    }
    // Listeners may have changed everything, a review included.
    if (this.#room() <= 0) return;
    this.#timer ??= this.#clock.setTimer(intervalMs, () => this.#ask());
  }

  /** How many more may be asked: as many as stand below and as have room above. */
  #room(): number {
    const { size, active, exclusion, limit, priority, standing } = this.#candidates;
    let below = 0;
    let above = 0;
    for (let row = 0; row < size; row++) {
      const tier = priority[row] as number;
      const leases = active[row] as number;
      // Those on an endpoint that is excluded are wanted elsewhere anyway.
      if (exclusion[row] !== EXCLUSION.None) continue;
      if (tier > this.#tier) below += leases;
      else if (tier === this.#tier && standing[row] === STANDING.Healthy)
        above += Math.max(0, (limit[row] as number) - leases);
    }
    return Math.min(below, above) - this.#asked.size;
  }

  /** Up to `count` leases not asked yet, of the lowest tier first. */
  #next(count: number): ReadonlyArray<readonly [GroupLease<Target>, Member<Target>]> {
    const found: Array<readonly [GroupLease<Target>, Member<Target>]> = [];
    const below = [...this.#members.values()]
      .filter((member) => member.endpoint.priority > this.#tier && member.standingWish === null)
      .sort((a, b) => b.endpoint.priority - a.endpoint.priority);
    for (const member of below) {
      for (const lease of member.leases) {
        if (found.length >= count) return found;
        if (lease.wish === null) found.push([lease, member]);
      }
    }
    return found;
  }

  /** Those who would not come to a better place any more may stay: all that are not below `tier`. */
  #withdraw(tier: number): void {
    for (const [lease, member] of this.#asked) {
      if (member.endpoint.priority > tier) continue;
      this.#asked.delete(lease);
      lease.want(null);
    }
  }
}

/** The best tier that has a healthy endpoint; Infinity where none has. */
function bestTier({ size, exclusion, priority, standing, weight }: Candidates): number {
  let best = Infinity;
  for (let row = 0; row < size; row++) {
    const isHealthy = exclusion[row] === EXCLUSION.None && standing[row] === STANDING.Healthy;
    if (isHealthy && (weight[row] as number) > 0 && (priority[row] as number) < best) best = priority[row] as number;
  }
  return best;
}
