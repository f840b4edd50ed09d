import type { Clock, Timer } from '@roundhouse/core';
import { type Backoff, exponentialBackoff, type Random } from '@roundhouse/resilience';

/** Waits between attempts that fail; from wait to wait somewhere between the first and three times the last. */
const BACKOFF = exponentialBackoff({ initialMs: 1_000, maxMs: 30_000, jitter: 'decorrelated' });
/** A success proves something only when it comes this long after the last pause: some failures take their time, ms. */
const QUIET_MS = 10_000;

export interface PaceDependencies {
  readonly clock: Clock;
  readonly random: Random;
  /** Called at the end of each pause. */
  readonly onResume: () => void;
}

/** How fast something is tried again: one at a time until it has succeeded, and ever slower while it fails. */
export class Pace {
  readonly #deps: PaceDependencies;
  #backoff: Backoff = BACKOFF;
  #pause: Timer | undefined;
  #isProven = false;
  /** Monotonic ms. */
  #quietAt = -Infinity;

  constructor(deps: PaceDependencies) {
    this.#deps = deps;
  }

  /** Whether nothing may be tried now. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Whether the last that was heard is a success: several may be tried at a time. */
  get isProven(): boolean {
    return this.#isProven;
  }

  succeeded(): void {
    this.#isProven = true;
    if (this.#deps.clock.monotonic() >= this.#quietAt) this.#backoff = BACKOFF;
  }

  /** Begins a pause. Failures of what went on at the same time count once. */
  failed(): void {
    this.#isProven = false;
    if (this.#pause !== undefined) return;
    const { clock, random, onResume } = this.#deps;
    const { delayMs, ...rest } = this.#backoff.next(random);
    this.#backoff = rest;
    this.#quietAt = clock.monotonic() + delayMs + QUIET_MS;
    this.#pause = clock.setTimer(delayMs, () => {
      this.#pause = undefined;
      onResume();
    });
  }

  /** Ends a pause before its time, without a word; the next one is as long as it would have been. Idempotent. */
  stop(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
  }
}
