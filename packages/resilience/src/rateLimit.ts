import type { Clock } from '@roundhouse/core';
import { resilienceError } from './errors.ts';
import { inRange } from './range.ts';

export interface RateLimitOptions {
  /** How many a key may have in an interval, 1 … 1,000,000. */
  readonly limit: number;
  /** 1,000 … 86,400,000 ms. */
  readonly intervalMs: number;
  /** How many of them at once, 1 up to the limit. Default: the limit. */
  readonly burst?: number;
  /** Keys remembered at most, 1 … 10,000,000. Default 10,000. */
  readonly maxKeys?: number;
  /** Names what is limited in an error, e.g. `Requests`. */
  readonly what: string;
}

export interface RateDecision {
  readonly isAllowed: boolean;
  /** How many more the key may have at once. */
  readonly remaining: number;
  /** Whole ms until as much is there; 0 when it was. */
  readonly retryAfterMs: number;
}

/**
 * Holds each key (a user, an address) to a rate, with no timer and one number a key: over any time a key gets at most
 * its burst and what its rate gives meanwhile.
 *
 * A key that has its whole burst again is forgotten. When more keys than may be remembered are busy, a newcomer takes
 * over the place, and what was used of it, of one of the least busy: so a flood of invented keys gains nothing, and all
 * keys together get at most `maxKeys` times what one may have.
 */
export interface RateLimit {
  /** Keys remembered. */
  readonly keys: number;
  /** Takes `cost` (1 up to the burst, default 1) when all of it is there, and nothing otherwise. */
  tryTake(key: string, cost?: number): RateDecision;
  /** As `tryTake`; raises RATE_LIMITED with `retry_after_ms` unless the key may go on. */
  take(key: string, cost?: number): void;
}

/** Raises POLICY_INVALID. */
export function createRateLimit(options: RateLimitOptions, deps: { readonly clock: Clock }): RateLimit {
  return new CellRateLimit(options, deps.clock);
}

/** Keys looked at to find a place for a newcomer. */
const LOOKED_AT = 8;

/** Part of one that may be missing, since sums of fractions of a ms come out a little off. */
const ROUNDING = 1e-6;

/** The generic cell rate algorithm, ITU-T I.371 (03/2004) annex A, in its virtual scheduling form. */
class CellRateLimit implements RateLimit {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #intervalMs: number;
  readonly #maxKeys: number;
  readonly #what: string;
  /** Time that one costs. */
  readonly #costMs: number;
  /** How far a key may run ahead of its rate. */
  readonly #aheadMs: number;
  /** When each key has its whole burst again: the theoretical arrival time, monotonic ms. */
  readonly #paidUntil = new Map<string, number>();
  /** Goes round the keys, so that each is looked at in its turn. */
  #hand = this.#paidUntil.entries();

  constructor({ limit, intervalMs, burst = limit, maxKeys = 10_000, what }: RateLimitOptions, clock: Clock) {
    this.#clock = clock;
    this.#limit = inRange('rate limit', 'limit', limit, { from: 1, to: 1_000_000, whole: true });
    this.#intervalMs = inRange('rate limit', 'intervalMs', intervalMs, { from: 1_000, to: 86_400_000 });
    this.#maxKeys = inRange('rate limit', 'maxKeys', maxKeys, { from: 1, to: 10_000_000, whole: true });
    this.#what = what;
    this.#costMs = intervalMs / limit;
    this.#aheadMs = this.#costMs * inRange('rate limit', 'burst', burst, { from: 1, to: limit, whole: true });
  }

  get keys(): number {
    return this.#paidUntil.size;
  }

  tryTake(key: string, cost = 1): RateDecision {
    const now = this.#clock.monotonic();
    const known = this.#paidUntil.get(key);
    const paidUntil = Math.max(known ?? this.#makeRoom(now), now);
    const next = paidUntil + this.#costMs * cost;
    const overMs = next - now - this.#aheadMs;
    if (overMs > this.#costMs * ROUNDING) {
      if (known === undefined) this.#paidUntil.set(key, paidUntil);
      return { isAllowed: false, remaining: this.#remaining(now, paidUntil), retryAfterMs: Math.ceil(overMs) };
    }
    this.#paidUntil.set(key, next);
    return { isAllowed: true, remaining: this.#remaining(now, next), retryAfterMs: 0 };
  }

  take(key: string, cost = 1): void {
    const { isAllowed, retryAfterMs } = this.tryTake(key, cost);
    if (isAllowed) return;
    throw resilienceError('RATE_LIMITED', {
      details: {
        what: this.#what,
        limit: this.#limit,
        interval_ms: this.#intervalMs,
        retry_after_ms: retryAfterMs,
      },
    });
  }

  #remaining(now: number, paidUntil: number): number {
    return Math.max(0, Math.floor((now + this.#aheadMs - paidUntil) / this.#costMs + ROUNDING));
  }

  /** Forgets an idle key, or the least busy of a few when there is no place. Returns what a newcomer begins with. */
  #makeRoom(now: number): number {
    let leastBusy: [string, number] | undefined;
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const entry = this.#nextEntry();
      if (entry === undefined) break;
      if (entry[1] <= now) {
        this.#paidUntil.delete(entry[0]);
        return now;
      }
      if (leastBusy === undefined || entry[1] < leastBusy[1]) leastBusy = entry;
    }
    if (leastBusy === undefined || this.#paidUntil.size < this.#maxKeys) return now;
    this.#paidUntil.delete(leastBusy[0]);
    return leastBusy[1];
  }

  #nextEntry(): [string, number] | undefined {
    const { value } = this.#hand.next();
    if (value !== undefined) return value;
    this.#hand = this.#paidUntil.entries();
    return this.#hand.next().value;
  }
}
