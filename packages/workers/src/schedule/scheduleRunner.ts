import type { Clock, Timer } from '@roundhouse/core';
import type { Schedule } from './schedule.ts';

export interface ScheduleRunnerOptions {
  readonly clock: Clock;
  /** Called when a time has come, with that time. Must not throw. */
  readonly onDue: (at: number) => void;
  /** Up to when all has been done, wall clock in ms. Default: when it is started, so that nothing is made up for. */
  readonly doneUntil?: number | undefined;
}

/** A wait is not longer, so that a clock that was put right is noticed within it, ms. */
const LONGEST_WAIT_MS = 60_000;
/** A clock that goes back further was wrong before: what has been done by it does not count. As cron(8) has it, ms. */
const LONGEST_STEP_BACK_MS = 3 * 3_600_000;

/**
 * Tells when the times of a schedule come. No time is told twice: not when the clock is put back by up to three hours
 * either, it then waits until it has caught up. Times that were missed, because the machine slept, the clock was put
 * forward or nothing ran since `doneUntil`, are told once for all of them, as soon as that is noticed.
 */
export class ScheduleRunner implements Disposable {
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #onDue: (at: number) => void;
  #doneUntil: number | undefined;
  #nextAt: number | null = null;
  #timer: Timer | undefined;

  constructor(schedule: Schedule, { clock, onDue, doneUntil }: ScheduleRunnerOptions) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#onDue = onDue;
    this.#doneUntil = doneUntil;
  }

  /** Wall clock, ms: the time that is waited for; null when nothing is. */
  get nextAt(): number | null {
    return this.#nextAt;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  /** Idempotent; may be started again. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#nextAt = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wait(): void {
    const now = this.#clock.now();
    const doneUntil = this.#doneUntil ?? now;
    this.#doneUntil = now < doneUntil - LONGEST_STEP_BACK_MS ? now : doneUntil;
    const next = this.#schedule.next(this.#doneUntil);
    this.#nextAt = next;
    if (next === null) return;
    const delayMs = Math.min(Math.max(next - now, 0), LONGEST_WAIT_MS);
    this.#timer = this.#clock.setTimer(delayMs, () => this.#wake(next));
  }

  #wake(next: number): void {
    const now = this.#clock.now();
    const isDue = next <= now;
    if (isDue) this.#doneUntil = now;
    this.#wait();
    if (isDue) this.#onDue(next);
  }
}
