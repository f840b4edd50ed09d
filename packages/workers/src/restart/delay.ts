import type { Random } from '@roundhouse/resilience';

/** How waits grow. */
export interface Growth {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Share by which a wait may differ, 0 … 1. */
  readonly jitter: number;
}

/** No wait is shorter, whatever is configured: a program that cannot run must not keep the machine busy, ms. */
export const MIN_DELAY_MS = 100;

/**
 * The wait after `earlier` others, whole ms: `initialMs` first, then `factor` times as long each time. Chance moves it by
 * the share of the jitter to either side, and never beyond the maximum. MIN_DELAY_MS at least.
 */
export function delayAfter(earlier: number, { initialMs, maxMs, factor, jitter }: Growth, random: Random): number {
  // Powers grow beyond all numbers, and 0 times Infinity is none.
  const base = initialMs === 0 ? 0 : Math.min(initialMs * factor ** earlier, maxMs);
  const least = base * (1 - jitter);
  const most = Math.min(base * (1 + jitter), maxMs);
  return Math.max(MIN_DELAY_MS, Math.round(least + random() * (most - least)));
}
