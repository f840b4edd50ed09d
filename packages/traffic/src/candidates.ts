/**
 * The endpoints of a group at the moment of a decision, in columns: a decision looks at each, and there may be many a
 * millisecond. Kept current by the group; borrowed by `choose`, which changes nothing.
 */
export interface Candidates {
  /** Rows in use; columns may be longer. */
  readonly size: number;
  /** Replaced, never changed, when a row comes or goes: it may be kept. */
  readonly ids: readonly string[];
  /** Hash of the id, for rendezvous. */
  readonly hash: Uint32Array;
  /** Weight × slow-start ramp. */
  readonly weight: Float64Array;
  readonly priority: Uint8Array;
  /** A code of STANDING. */
  readonly standing: Uint8Array;
  /** Leases held. */
  readonly active: Uint32Array;
  /** Limit of `sessions`; Infinity where there is none. */
  readonly limit: Float64Array;
  /** Monotonic ms from when on its logon rate allows one more; -Infinity where there is no rate. */
  readonly readyAt: Float64Array;
  /** Peak-EWMA of response times in ms; NaN before the first. */
  readonly responseMs: Float64Array;
  /** 0, or why it can not be chosen at all: Unhealthy, Ejected or Draining of EXCLUSION. */
  readonly exclusion: Uint8Array;
}

/** How an endpoint that may be chosen stands among the others of its tier. */
export const STANDING = {
  Healthy: 0,
  /** Nothing is known of it. One lease at a time tries it out; more only where nothing is healthy. */
  Unknown: 1,
  /** Only where nothing is healthy. */
  Degraded: 2,
} as const;

/** Why an endpoint was not a candidate. */
export const EXCLUSION = {
  None: 0,
  Unhealthy: 1,
  Ejected: 2,
  Draining: 3,
  /** No room for one more lease, or for what the request demands beside. */
  Full: 4,
  /** Weight 0. */
  NoWeight: 5,
  /** The caller has tried it, or asked for another. */
  Avoided: 6,
  /** Its logon rate is used up for the moment. */
  Throttled: 7,
  /** A lower tier: one above can take the request. */
  LowerPriority: 8,
  /** Unknown or degraded, and another of its tier is healthy. */
  NotPreferred: 9,
  /** Too few of its tier are healthy to let them bear all of its load. */
  TierInPanic: 10,
  /** It could not meet the demand if it were empty. */
  TooSmall: 11,
} as const;

export type Exclusion = (typeof EXCLUSION)[keyof typeof EXCLUSION];

/** The words of explanations and of the API. */
export const EXCLUSION_NAMES = {
  [EXCLUSION.None]: 'none',
  [EXCLUSION.Unhealthy]: 'unhealthy',
  [EXCLUSION.Ejected]: 'ejected',
  [EXCLUSION.Draining]: 'draining',
  [EXCLUSION.Full]: 'full',
  [EXCLUSION.NoWeight]: 'no_weight',
  [EXCLUSION.Avoided]: 'avoided',
  [EXCLUSION.Throttled]: 'throttled',
  [EXCLUSION.LowerPriority]: 'lower_priority',
  [EXCLUSION.NotPreferred]: 'not_preferred',
  [EXCLUSION.TierInPanic]: 'tier_in_panic',
  [EXCLUSION.TooSmall]: 'too_small',
} as const satisfies Record<Exclusion, string>;

export type ExclusionName = (typeof EXCLUSION_NAMES)[Exclusion];
