import type { ResolvedHealthOptions } from './options.ts';
import { excessSwings, type HealthState, isInTransition } from './state.ts';

/**
 * ms until the next probe, or until an unhealthy endpoint without a probe is tried again. Doubles with each attempt on an
 * endpoint that stays unhealthy, from where it was when it last went up and down too often.
 *
 * @param random 0 … 1, drawn anew for each wait
 */
export function nextCheckMs(state: HealthState, options: ResolvedHealthOptions, now: number, random: number): number {
  const { intervalMs, fastIntervalMs, maxBackoffMs, jitter } = options;
  const spread = 1 + jitter * (2 * random - 1);
  if (isInTransition(state)) return fastIntervalMs * spread;
  if (state.status !== 'unhealthy') return intervalMs * spread;
  const doublings = state.attempts + excessSwings(state, options, now);
  return Math.min(fastIntervalMs * 2 ** doublings * spread, maxBackoffMs);
}
