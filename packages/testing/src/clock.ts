import type { Clock, Timer } from '@roundhouse/core';

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is advanced. */
export class FakeClock implements Clock {
  /** In order of setting, which decides between timers of the same moment. */
  readonly #pending = new Set<Pending>();
  readonly #startedAt: number;
  #elapsedMs = 0;

  /** `now` is the wall clock at the beginning, ms since 1970. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#startedAt = now;
  }

  now(): number {
    return this.#startedAt + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { due: this.#elapsedMs + Math.max(delayMs, 0), callback };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  /** Timers that have neither fired nor been cancelled: a leak when the test is over. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /**
   * Moves time on and fires what falls due, in order, timers set on the way included. Promises and callbacks that a
   * timer sets going have run before the next one fires, and before this resolves.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    await turn();
    for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
      this.#pending.delete(timer);
      this.#elapsedMs = timer.due;
      timer.callback();
      await turn();
    }
    this.#elapsedMs = until;
  }

  #next(until: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.due <= until && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** One turn of the event loop: all microtasks, and what was ready. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
