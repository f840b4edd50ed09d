import type { Clock, Scope, Timer } from '@roundhouse/core';
import { resilienceError } from './errors.ts';
import { inRange } from './range.ts';
import { WaitingLine } from './waitingLine.ts';

export interface TokenBucketOptions {
  /** Tokens that arrive a second, above 0 up to 1,000,000; fractions allowed. */
  readonly ratePerSecond: number;
  /** Tokens that it holds at most, and at the beginning: 1 … 1,000,000,000. */
  readonly burst: number;
  /** How many may wait at a time, 0 … 1,000,000. Default 1,000. */
  readonly maxWaiting?: number;
  /** Names what is rationed in an error, e.g. `Logons on mvs1`. */
  readonly what: string;
}

/**
 * Lets bursts through and holds the rest to a rate, so that a host that comes back is not met by everyone at once. Over
 * any time it gives at most the burst and what arrived meanwhile.
 */
export interface TokenBucket {
  /** Whole tokens that can be had now; 0 while someone waits. */
  readonly available: number;
  /** How many wait. */
  readonly waiting: number;
  /** Takes `tokens` (1 up to the burst, default 1) if they are there and nobody waits. Raises POLICY_INVALID. */
  tryTake(tokens?: number): boolean;
  /**
   * Takes `tokens` (1 up to the burst, default 1), waiting in order of arrival until they are there. Rejects with
   * TOKEN_QUEUE_FULL, POLICY_INVALID, or the reason of the scope.
   */
  take(scope: Scope, tokens?: number): Promise<void>;
}

/** Raises POLICY_INVALID. */
export function createTokenBucket(options: TokenBucketOptions, deps: { readonly clock: Clock }): TokenBucket {
  return new RefilledBucket(options, deps.clock);
}

class RefilledBucket implements TokenBucket {
  readonly #clock: Clock;
  readonly #tokensPerMs: number;
  readonly #burst: number;
  readonly #maxWaiting: number;
  readonly #what: string;
  readonly #line = new WaitingLine(() => this.#serve());
  #tokens: number;
  /** Monotonic time of the last refill. */
  #filledAt: number;
  /** Runs only while someone waits, until the first in the line can be served. */
  #timer: Timer | undefined;

  constructor(options: TokenBucketOptions, clock: Clock) {
    const { ratePerSecond, burst, maxWaiting = 1_000, what } = options;
    this.#clock = clock;
    this.#tokensPerMs = inRange('token bucket', 'ratePerSecond', ratePerSecond, { above: 0, to: 1_000_000 }) / 1_000;
    this.#burst = inRange('token bucket', 'burst', burst, { from: 1, to: 1_000_000_000 });
    this.#maxWaiting = inRange('token bucket', 'maxWaiting', maxWaiting, { from: 0, to: 1_000_000, whole: true });
    this.#what = what;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  get available(): number {
    this.#refill();
    return this.#line.size > 0 ? 0 : Math.floor(this.#tokens);
  }

  get waiting(): number {
    return this.#line.size;
  }

  tryTake(tokens = 1): boolean {
    this.#check(tokens);
    this.#refill();
    if (this.#line.size > 0 || this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  async take(scope: Scope, tokens = 1): Promise<void> {
    scope.throwIfEnded();
    if (this.tryTake(tokens)) return;
    if (this.#line.size >= this.#maxWaiting) {
      throw resilienceError('TOKEN_QUEUE_FULL', { details: { what: this.#what, waiting: this.#line.size } });
    }
    const turn = this.#line.join(scope, tokens);
    this.#serve();
    await turn;
  }

  #check(tokens: number): void {
    inRange('token bucket', 'tokens', tokens, { from: 1, to: this.#burst });
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#tokens + (now - this.#filledAt) * this.#tokensPerMs, this.#burst);
    this.#filledAt = now;
  }

  #serve(): void {
    this.#refill();
    let need = this.#line.firstNeed;
    while (need !== undefined && need <= this.#tokens) {
      this.#tokens -= need;
      this.#line.admitFirst();
      need = this.#line.firstNeed;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    if (need === undefined) return;
    // Whole ms, because a timer drops fractions and would fire before the token is there.
    const delayMs = Math.ceil((need - this.#tokens) / this.#tokensPerMs);
    this.#timer = this.#clock.setTimer(delayMs, () => this.#serve());
  }
}
