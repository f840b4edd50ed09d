import { type Clock, Emitter, type EventSource, type Timer, type Unsubscribe } from '@roundhouse/core';
import { SlidingCount } from '@roundhouse/resilience';
import type { ResolvedOutlierOptions } from './outlierOptions.ts';

export interface OutlierEvents {
  /** `count`: ejections not yet forgiven, this one included. */
  readonly ejected: {
    readonly id: string;
    readonly reason: EjectionReason;
    readonly forMs: number;
    readonly count: number;
  };
  readonly returned: { readonly id: string };
}

type EjectionReason = 'consecutive-failures' | 'failure-rate';

/**
 * Watches what traffic says of the endpoints of one group and ejects for a while those that do worse than the rest.
 * Whether the group heeds it when too few are left is the group's decision. Times are monotonic.
 */
export interface OutlierDetector extends EventSource<OutlierEvents> {
  /** Begins to watch an endpoint; the size of the group bounds how many may be out. Idempotent. */
  add(id: string): void;
  /** Forgets an endpoint; may return others, where the smaller group has too many out. Idempotent. */
  remove(id: string): void;
  /** An outcome of traffic. Nothing if the endpoint is not watched, or is out. */
  record(id: string, ok: boolean): void;
  isEjected(id: string, now: number): boolean;
  /** Ends its one timer; nothing is emitted afterwards. Idempotent. */
  stop(): void;
}

export function createOutlierDetector(options: ResolvedOutlierOptions, clock: Clock): OutlierDetector {
  return new GroupOutlierDetector(options, clock);
}

interface Member {
  readonly id: string;
  readonly outcomes: SlidingCount;
  readonly failures: SlidingCount;
  failuresInARow: number;
  /** Ejections not yet forgiven, as of `returnedAt`. */
  ejections: number;
  returnedAt: number;
  /** Infinity while it is in service. */
  ejectedUntil: number;
}

class GroupOutlierDetector implements OutlierDetector {
  readonly #options: ResolvedOutlierOptions;
  readonly #clock: Clock;
  readonly #emitter = new Emitter<OutlierEvents>();
  readonly #members = new Map<string, Member>();
  /** Those that are out. */
  readonly #ejected = new Set<Member>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ResolvedOutlierOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  on<K extends keyof OutlierEvents>(name: K, listener: (fact: OutlierEvents[K]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  add(id: string): void {
    if (this.#members.has(id)) return;
    const { windowMs } = this.#options;
    this.#members.set(id, {
      id,
      outcomes: new SlidingCount(windowMs),
      failures: new SlidingCount(windowMs),
      failuresInARow: 0,
      ejections: 0,
      returnedAt: 0,
      ejectedUntil: Infinity,
    });
  }

  remove(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    this.#ejected.delete(member);
    while (this.#ejected.size > this.#mostEjected()) this.#return(this.#nextToReturn() as Member);
    this.#setTimer();
  }

  record(id: string, ok: boolean): void {
    const member = this.#members.get(id);
    if (member === undefined || this.#isStopped) return;
    const now = this.#clock.monotonic();
    this.#returnDue(now);
    if (this.#ejected.has(member)) return;
    member.outcomes.add(now);
    if (!ok) member.failures.add(now);
    member.failuresInARow = ok ? 0 : member.failuresInARow + 1;
    if (ok || this.#ejected.size >= this.#mostEjected()) return;
    const reason = this.#judge(member, now);
    if (reason !== null) this.#eject(member, reason, now);
  }

  isEjected(id: string, now: number): boolean {
    const member = this.#members.get(id);
    return member !== undefined && this.#ejected.has(member) && now < member.ejectedUntil;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#emitter.clear();
  }

  #judge(member: Member, now: number): EjectionReason | null {
    const { consecutiveFailures, minOutcomes, excessFailureRate } = this.#options;
    if (member.failuresInARow >= consecutiveFailures) return 'consecutive-failures';
    if (member.outcomes.total(now) < minOutcomes) return null;
    return failureRate(member, now) - this.#meanRateBeside(member, now) >= excessFailureRate ? 'failure-rate' : null;
  }

  /** Mean failure rate of the others that have one; NaN, to which nothing compares, where none has. */
  #meanRateBeside(member: Member, now: number): number {
    let sum = 0;
    let others = 0;
    for (const other of this.#members.values()) {
      if (other === member || this.#ejected.has(other) || other.outcomes.total(now) < this.#options.minOutcomes)
        continue;
      sum += failureRate(other, now);
      others += 1;
    }
    return sum / others;
  }

  #mostEjected(): number {
    const { size } = this.#members;
    return Math.min(Math.max(Math.floor(size * this.#options.maxEjectedShare), 1), Math.max(size - 1, 0));
  }

  #eject(member: Member, reason: EjectionReason, now: number): void {
    const { baseEjectionMs, maxEjectionMs, forgiveAfterMs } = this.#options;
    const forgiven = Math.floor((now - member.returnedAt) / forgiveAfterMs);
    member.ejections = Math.max(member.ejections - forgiven, 0) + 1;
    const forMs = Math.min(baseEjectionMs * member.ejections, maxEjectionMs);
    member.ejectedUntil = now + forMs;
    this.#ejected.add(member);
    this.#setTimer();
    this.#emitter.emit('ejected', { id: member.id, reason, forMs, count: member.ejections });
  }

  #returnDue(now: number): void {
    const due = [...this.#ejected].filter((member) => member.ejectedUntil <= now);
    for (const member of due) this.#return(member);
    if (due.length > 0) this.#setTimer();
  }

  /** It starts anew: what it did before does not eject it again. */
  #return(member: Member): void {
    // A listener may have come back here through `record`.
    if (!this.#ejected.delete(member)) return;
    member.outcomes.clear();
    member.failures.clear();
    member.failuresInARow = 0;
    member.returnedAt = this.#clock.monotonic();
    member.ejectedUntil = Infinity;
    this.#emitter.emit('returned', { id: member.id });
  }

  #nextToReturn(): Member | undefined {
    let next: Member | undefined;
    for (const member of this.#ejected) {
      if (next === undefined || member.ejectedUntil < next.ejectedUntil) next = member;
    }
    return next;
  }

  /** One timer, for the next that returns. */
  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const next = this.#nextToReturn();
    if (next === undefined || this.#isStopped) return;
    const now = this.#clock.monotonic();
    this.#timer = this.#clock.setTimer(next.ejectedUntil - now, () => this.#returnDue(this.#clock.monotonic()));
  }
}

/** 0 … 1; NaN without outcomes. */
function failureRate({ outcomes, failures }: Member, now: number): number {
  return failures.total(now) / outcomes.total(now);
}
