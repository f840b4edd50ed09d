import { exponentialBackoff } from '@roundhouse/resilience';

/** When a message that was not taken is tried again. */
export interface RetrySchedule {
  /** Behind the first attempt, ms. Default 300,000. */
  readonly initialMs: number;
  /** Each wait is twice the last one, up to this, ms. Default 3,600,000. */
  readonly maxMs: number;
  /** A message older than this is given up, ms. Default 432,000,000: five days (RFC 5321 §4.5.4.1). */
  readonly giveUpMs: number;
}

const DEFAULTS: RetrySchedule = { initialMs: 300_000, maxMs: 3_600_000, giveUpMs: 432_000_000 };
/** Further doubling changes nothing. */
const MAX_STEPS = 64;

/** Raises POLICY_INVALID. */
export function resolveSchedule(given: Partial<RetrySchedule> = {}): RetrySchedule {
  const schedule = { ...DEFAULTS, ...given };
  exponentialBackoff({ ...schedule, jitter: 'none' });
  return schedule;
}

/** The wait behind so many attempts, ms; a part of it is left to chance, so that messages spread. */
export function retryDelayMs(schedule: RetrySchedule, attempts: number, random: () => number): number {
  let step = exponentialBackoff({ initialMs: schedule.initialMs, maxMs: schedule.maxMs, jitter: 'none' }).next(random);
  for (let done = 1; done < Math.min(attempts, MAX_STEPS); done++) step = step.next(random);
  return step.delayMs * (0.75 + random() * 0.25);
}
