import type { Clock, Timer } from '@roundhouse/core';

export interface HeartbeatCalls {
  /** Asks the peer for a sign of life. */
  ask(): void;
  /** There was none. */
  dead(): void;
}

/** Finds a dead peer: after half of the time without a word it is asked, after all of it it is dead. */
export class Heartbeat {
  readonly #idleMs: number;
  readonly #clock: Clock;
  readonly #calls: HeartbeatCalls;
  #heardAt: number;
  #timer: Timer;

  constructor(idleMs: number, clock: Clock, calls: HeartbeatCalls) {
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#calls = calls;
    this.#heardAt = clock.monotonic();
    this.#timer = this.#after(idleMs / 2);
  }

  /** Something came, whatever it is. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  /** Idempotent. */
  stop(): void {
    this.#timer.cancel();
  }

  /** The timer is not set anew with everything that comes: it looks when it fires. */
  #after(delayMs: number): Timer {
    return this.#clock.setTimer(delayMs, () => {
      const silentMs = this.#clock.monotonic() - this.#heardAt;
      const half = this.#idleMs / 2;
      if (silentMs >= this.#idleMs) return this.#calls.dead();
      if (silentMs >= half) this.#calls.ask();
      this.#timer = this.#after(silentMs >= half ? this.#idleMs - silentMs : half - silentMs);
    });
  }
}
