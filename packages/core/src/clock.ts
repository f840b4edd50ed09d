/** Time, passed in and never reached for, so that a test can hold it still. */
export interface Clock {
  /** Wall clock, ms since 1970. For people and records; may jump. */
  now(): number;
  /** Monotonic, ms from an arbitrary origin. For durations. */
  monotonic(): number;
  /** Calls back once after `delayMs`; the timer alone does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** Node's longest timer; longer waits are capped here rather than firing at once. */
const MAX_DELAY_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
