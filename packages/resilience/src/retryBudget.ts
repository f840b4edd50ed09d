import type { Clock } from '@roundhouse/core';
import { inRange } from './range.ts';
import { SlidingCount } from './slidingCount.ts';

export interface RetryBudgetOptions {
  /** Retries allowed for each request, 0 … 10. Default 0.2. */
  readonly share?: number;
  /** Retries a second that are allowed however few the requests are, 0 … 1,000,000. Default 3. */
  readonly minimumPerSecond?: number;
  /** How far back requests and retries count, 100 … 3,600,000 ms. Default 10,000. */
  readonly windowMs?: number;
}

/**
 * Bounds what retries add to the load of a service that is in trouble already: shared by all who call that service.
 * Idea: Finagle's RetryBudget, and Envoy's retry budgets.
 */
export interface RetryBudget {
  /** Tells of a request, not counting its retries. */
  recordRequest(): void;
  /** Takes one retry out of the budget; false when there is none left. */
  tryWithdraw(): boolean;
  /** Whole retries left at this moment. */
  readonly available: number;
}

/** Raises POLICY_INVALID. */
export function createRetryBudget(options: RetryBudgetOptions, deps: { readonly clock: Clock }): RetryBudget {
  return new WindowedBudget(options, deps.clock);
}

class WindowedBudget implements RetryBudget {
  readonly #clock: Clock;
  readonly #share: number;
  /** Retries of a whole window that need no request. */
  readonly #minimum: number;
  readonly #requests: SlidingCount;
  readonly #retries: SlidingCount;

  constructor({ share = 0.2, minimumPerSecond = 3, windowMs = 10_000 }: RetryBudgetOptions, clock: Clock) {
    this.#clock = clock;
    inRange('retry budget', 'windowMs', windowMs, { from: 100, to: 3_600_000 });
    this.#share = inRange('retry budget', 'share', share, { from: 0, to: 10 });
    this.#minimum =
      (inRange('retry budget', 'minimumPerSecond', minimumPerSecond, { from: 0, to: 1_000_000 }) * windowMs) / 1_000;
    this.#requests = new SlidingCount(windowMs);
    this.#retries = new SlidingCount(windowMs);
  }

  get available(): number {
    const now = this.#clock.monotonic();
    const allowed = this.#minimum + this.#share * this.#requests.total(now);
    return Math.max(Math.floor(allowed) - this.#retries.total(now), 0);
  }

  recordRequest(): void {
    this.#requests.add(this.#clock.monotonic());
  }

  tryWithdraw(): boolean {
    if (this.available < 1) return false;
    this.#retries.add(this.#clock.monotonic());
    return true;
  }
}
