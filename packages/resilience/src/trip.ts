import { assertNever } from '@roundhouse/core';
import { inRange } from './range.ts';
import { SlidingCount } from './slidingCount.ts';

/** When a breaker opens; it does so with a failure only, never with a success. */
export type TripOptions =
  /** With so many failures in a row, 1 … 1,000,000. */
  | { readonly by: 'consecutive'; readonly failures: number }
  /** When so many (1 … `of`) of the last `of` calls (1 … 100,000) failed. */
  | { readonly by: 'count'; readonly failures: number; readonly of: number }
  /**
   * When the share of failures (above 0 up to 1) in the last `windowMs` (100 … 3,600,000) is reached, once there were
   * `minimumCalls` (1 … 1,000,000) in that time.
   */
  | { readonly by: 'rate'; readonly share: number; readonly windowMs: number; readonly minimumCalls: number };

/** The memory of calls that decides when to open. */
export interface Trip {
  succeeded(now: number): void;
  /** Whether this failure is the one that opens. */
  failed(now: number): boolean;
  /** Forgets all calls. */
  clear(): void;
}

/** Raises POLICY_INVALID. */
export function createTrip(options: TripOptions): Trip {
  switch (options.by) {
    case 'consecutive':
      return new ConsecutiveTrip(options.failures);
    case 'count':
      return new CountTrip(options.failures, options.of);
    case 'rate':
      return new RateTrip(options.share, options.windowMs, options.minimumCalls);
    default:
      return assertNever(options);
  }
}

class ConsecutiveTrip implements Trip {
  readonly #limit: number;
  #failures = 0;

  constructor(failures: number) {
    this.#limit = inRange('breaker', 'failures', failures, { from: 1, to: 1_000_000, whole: true });
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): boolean {
    return ++this.#failures >= this.#limit;
  }

  clear(): void {
    this.#failures = 0;
  }
}

class CountTrip implements Trip {
  readonly #limit: number;
  /** One byte a call, 1 for a failure; a ring. */
  readonly #calls: Uint8Array;
  #next = 0;
  #failures = 0;

  constructor(failures: number, of: number) {
    this.#calls = new Uint8Array(inRange('breaker', 'of', of, { from: 1, to: 100_000, whole: true }));
    this.#limit = inRange('breaker', 'failures', failures, { from: 1, to: of, whole: true });
  }

  succeeded(): void {
    this.#record(0);
  }

  failed(): boolean {
    this.#record(1);
    return this.#failures >= this.#limit;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failures = 0;
  }

  #record(failures: 0 | 1): void {
    this.#failures += failures - (this.#calls[this.#next] as number);
    this.#calls[this.#next] = failures;
    this.#next = (this.#next + 1) % this.#calls.length;
  }
}

class RateTrip implements Trip {
  readonly #share: number;
  readonly #minimumCalls: number;
  readonly #calls: SlidingCount;
  readonly #failures: SlidingCount;

  constructor(share: number, windowMs: number, minimumCalls: number) {
    this.#share = inRange('breaker', 'share', share, { above: 0, to: 1 });
    this.#minimumCalls = inRange('breaker', 'minimumCalls', minimumCalls, { from: 1, to: 1_000_000, whole: true });
    inRange('breaker', 'windowMs', windowMs, { from: 100, to: 3_600_000 });
    this.#calls = new SlidingCount(windowMs);
    this.#failures = new SlidingCount(windowMs);
  }

  succeeded(now: number): void {
    this.#calls.add(now);
  }

  failed(now: number): boolean {
    this.#calls.add(now);
    this.#failures.add(now);
    const calls = this.#calls.total(now);
    return calls >= this.#minimumCalls && this.#failures.total(now) >= this.#share * calls;
  }

  clear(): void {
    this.#calls.clear();
    this.#failures.clear();
  }
}
