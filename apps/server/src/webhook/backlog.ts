import type { Delivery } from '@roundhouse/store';

/** What goes one after another: the deliveries of a key, or one that goes by itself. */
type Lane = string | number;

/** A subject whose deliveries wait behind one that failed. */
export interface BlockedSubject {
  readonly subject: string;
  /** When the first is tried again, ms since 1970. */
  readonly nextAttemptAt: number;
  /** Deliveries that wait behind it. */
  readonly behind: number;
}

/** Deliveries in memory, as many as one answer of the store has. */
const CAPACITY = 1_000;
const MAX_BLOCKED_SHOWN = 20;

/**
 * Pending deliveries of one receiver that are in memory. With order, those of one key are lanes, of which only the first
 * goes, and the next when that is delivered or given up; without, each goes by itself. With order, memory has the oldest:
 * when these all stand still, so do those behind them, of whatever key.
 */
export class Backlog {
  readonly #isOrdered: boolean;
  readonly #lanes = new Map<Lane, Delivery[]>();
  readonly #ids = new Set<number>();
  /** Lanes whose first may go. */
  readonly #ready = new Set<Lane>();
  /** Lanes whose first is to go later, at a time in ms since 1970. */
  readonly #waiting = new Map<Lane, number>();
  /** No later than the earliest time in `#waiting`. */
  #nextAt = Infinity;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  get size(): number {
    return this.#ids.size;
  }

  get hasRoom(): boolean {
    return this.#ids.size < CAPACITY;
  }

  /** When the next may go that may not go yet, ms since 1970; Infinity when there is none. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** Takes those that are not in already, as far as there is room; returns how many. */
  add(deliveries: readonly Delivery[], now: number): number {
    const before = this.#ids.size;
    for (const delivery of deliveries) {
      if (!this.hasRoom) break;
      if (this.#ids.has(delivery.id)) continue;
      this.#ids.add(delivery.id);
      const lane = this.#laneOf(delivery);
      const others = this.#lanes.get(lane);
      if (others !== undefined) {
        others.push(delivery);
        continue;
      }
      this.#lanes.set(lane, [delivery]);
      this.#schedule(lane, delivery, now);
    }
    return this.#ids.size - before;
  }

  hasReady(now: number): boolean {
    if (this.#nextAt <= now) this.#promote(now);
    return this.#ready.size > 0;
  }

  /** The next to go; its lane stands still until it is settled. */
  take(now: number): Delivery | undefined {
    if (!this.hasReady(now)) return undefined;
    const [lane] = this.#ready;
    if (lane === undefined) return undefined;
    this.#ready.delete(lane);
    return this.#lanes.get(lane)?.[0];
  }

  /** Notes what became of one that was taken: done (null), or to be tried again at a time in ms since 1970. */
  settle(delivery: Delivery, nextAttemptAt: number | null, now: number): void {
    const lane = this.#laneOf(delivery);
    const deliveries = this.#lanes.get(lane);
    if (deliveries?.[0]?.id !== delivery.id) return;
    // Without order nobody waits for it, and the store has it: there must be room for what is due.
    const mayStay = this.#isOrdered || this.#waiting.size < CAPACITY / 2;
    if (nextAttemptAt !== null && mayStay) {
      deliveries[0] = { ...delivery, attempts: delivery.attempts + 1, nextAttemptAt };
    } else {
      deliveries.shift();
      this.#ids.delete(delivery.id);
    }
    const [next] = deliveries;
    if (next === undefined) this.#lanes.delete(lane);
    else this.#schedule(lane, next, now);
  }

  /** Some of the subjects that stand still. */
  blocked(): readonly BlockedSubject[] {
    if (!this.#isOrdered) return [];
    return [...this.#waiting].slice(0, MAX_BLOCKED_SHOWN).map(([lane, nextAttemptAt]) => ({
      subject: String(lane),
      nextAttemptAt,
      behind: (this.#lanes.get(lane)?.length ?? 1) - 1,
    }));
  }

  #laneOf({ id, orderKey }: Delivery): Lane {
    return this.#isOrdered && orderKey !== null ? orderKey : id;
  }

  #schedule(lane: Lane, { nextAttemptAt }: Delivery, now: number): void {
    const at = nextAttemptAt ?? now;
    if (at <= now) {
      this.#ready.add(lane);
      return;
    }
    this.#waiting.set(lane, at);
    this.#nextAt = Math.min(this.#nextAt, at);
  }

  #promote(now: number): void {
    this.#nextAt = Infinity;
    for (const [lane, at] of this.#waiting) {
      if (at <= now) {
        this.#waiting.delete(lane);
        this.#ready.add(lane);
      } else this.#nextAt = Math.min(this.#nextAt, at);
    }
  }
}
