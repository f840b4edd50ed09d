/** How near a limit is: at `near` somebody is told, at `reached` it refuses. */
export const LIMIT_STATUSES = ['ok', 'near', 'reached'] as const;

export type LimitStatus = (typeof LIMIT_STATUSES)[number];

/** Parts of the capacity, 0 … 1. */
export interface LimitRatios {
  /** From here on it is near. */
  readonly warn: number;
  /** Below this it is well again; below `warn`, so that use which sways around it is told once. */
  readonly recover: number;
}

/** The status that follows `before` when `ratio` of the capacity is used. */
export function nextStatus(before: LimitStatus, ratio: number, { warn, recover }: LimitRatios): LimitStatus {
  if (ratio >= 1) return 'reached';
  if (ratio < recover) return 'ok';
  switch (before) {
    case 'ok':
      return ratio >= warn ? 'near' : 'ok';
    case 'near':
      return 'near';
    case 'reached':
      // Half of the way down to the warning: one place that comes free and is taken again is no news.
      return ratio < (1 + warn) / 2 ? 'near' : 'reached';
  }
}
