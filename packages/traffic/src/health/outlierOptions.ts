import { wholeWithin, within } from './range.ts';

/** When an endpoint is ejected from its group for what traffic says, and for how long. Times in ms. */
export interface OutlierOptions {
  /** Failures in a row that eject, 1 … 1,000. Default 5. */
  readonly consecutiveFailures?: number;
  /** Window of the failure rates, 1 s … 1 h. Default 30 s. */
  readonly windowMs?: number;
  /** Outcomes within the window below which a rate says nothing, 1 … 1,000,000. Default 20. */
  readonly minOutcomes?: number;
  /**
   * By how much the failure rate must exceed the mean of the others, 0.01 … 1. Default 0.3. A difference and no multiple
   * of the standard deviation, as in Envoy: among the few hosts of a mainframe group nothing deviates that far (of five
   * values at most 1.79 σ, and 1.9 σ is wanted).
   */
  readonly excessFailureRate?: number;
  /** The first ejection; the nth takes n times as long, 1 s … 1 d. Default 30 s. */
  readonly baseEjectionMs?: number;
  /** The longest ejection; from `baseEjectionMs`. Default 5 min, or `baseEjectionMs` if that is longer. */
  readonly maxEjectionMs?: number;
  /** Each such time in service without an ejection takes one off the count, 1 s … 1 d. Default 1 min. */
  readonly forgiveAfterMs?: number;
  /**
   * Share of the group that may be out at a time, 0 … 1; one may be in any case, but never the last one. Default 0.5.
   */
  readonly maxEjectedShare?: number;
}

export type ResolvedOutlierOptions = Readonly<Required<OutlierOptions>>;

/** Checks and completes. Raises HEALTH_OPTION_INVALID. */
export function resolveOutlierOptions(options: OutlierOptions = {}): ResolvedOutlierOptions {
  const baseEjectionMs = within('outlier.base_ejection_ms', options.baseEjectionMs ?? 30_000, 1000, 86_400_000);
  const maxEjectionMs = options.maxEjectionMs ?? Math.max(300_000, baseEjectionMs);
  return {
    consecutiveFailures: wholeWithin('outlier.consecutive_failures', options.consecutiveFailures ?? 5, 1, 1000),
    windowMs: within('outlier.window_ms', options.windowMs ?? 30_000, 1000, 3_600_000),
    minOutcomes: wholeWithin('outlier.min_outcomes', options.minOutcomes ?? 20, 1, 1_000_000),
    excessFailureRate: within('outlier.excess_failure_rate', options.excessFailureRate ?? 0.3, 0.01, 1),
    baseEjectionMs,
    maxEjectionMs: within('outlier.max_ejection_ms', maxEjectionMs, baseEjectionMs, 86_400_000),
    forgiveAfterMs: within('outlier.forgive_after_ms', options.forgiveAfterMs ?? 60_000, 1000, 86_400_000),
    maxEjectedShare: within('outlier.max_ejected_share', options.maxEjectedShare ?? 0.5, 0, 1),
  };
}
