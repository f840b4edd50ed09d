import type { ProbeRole, ProbeSpec } from '../spec/spec.ts';

/** A run that is older than this when its watch begins was taken over, with all the others at the same moment. */
const FRESH_MS = 2_000;
/** How long the first checks of all runs that were taken over are spread, ms: they carry traffic meanwhile. */
const TAKE_OVER_MS = 1_000;

/**
 * ms until the first check of a role. A run that has just been started is checked as soon as its initial delay is over,
 * as starts do not all come at once; of those that were taken over each waits a random while.
 *
 * @param ageMs age of the run now
 * @param ageAtWatchMs its age when the watch began
 */
export function firstCheckMs(
  role: ProbeRole,
  { initialDelayMs, periodMs }: ProbeSpec,
  ageMs: number,
  ageAtWatchMs: number,
  random: () => number,
): number {
  const delayMs = Math.max(0, initialDelayMs - ageMs);
  if (ageAtWatchMs <= FRESH_MS) return delayMs;
  return delayMs + random() * (role === 'liveness' ? periodMs : Math.min(periodMs, TAKE_OVER_MS));
}

/**
 * ms between the first check of a role and the second: spreads the workers that were started together over the period.
 * Readiness may only be known earlier for it, and a run must not be ended earlier than its thresholds say.
 *
 * @param random 0 … 1
 */
export function firstPeriodMs(role: ProbeRole, periodMs: number, random: number): number {
  switch (role) {
    case 'startup':
      return periodMs;
    case 'readiness':
      return periodMs * (1 - random);
    default:
      return periodMs * (1 + random);
  }
}
