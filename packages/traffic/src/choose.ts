import { rendezvous } from './affinity.ts';
import { type Candidates, EXCLUSION, STANDING } from './candidates.ts';
import { STRATEGIES, type StrategyName } from './strategy/strategies.ts';
import type { Field, Random, Strategy, StrategyMemory } from './strategy/strategy.ts';

/** What to do when too few endpoints of a tier are healthy, and no other tier can take the request. */
export type PanicRule =
  /** Choose among all of the tier, sick or not: the verdict is doubted. */
  | 'spread'
  /** Wait until enough are back. */
  | 'queue'
  /** Refuse at once. */
  | 'refuse';

export interface ChoicePolicy {
  readonly strategy: StrategyName;
  readonly panic: PanicRule;
  /** A tier is in panic when less than this share of it is not unhealthy, or nothing of it. 0 … 1. */
  readonly panicThreshold: number;
  /** An endpoint takes at most this × its share of the leases by hash. At least 1. */
  readonly loadFactor: number;
}

/** A request as seen from the rows of candidates. */
export interface ChoiceRequest {
  /** Monotonic ms. */
  readonly now: number;
  /** Row of the endpoint that was asked for by name; −1 for none. */
  readonly named: number;
  /** Row that the key was on last; −1 for none. */
  readonly sticky: number;
  /** Hash of the key; null where none decides. */
  readonly keyHash: number | null;
  /** By row: a code of EXCLUSION that holds for this request alone, or 0. Null where there is none. */
  readonly exclusions: Uint8Array | null;
}

/** How affinity took part in a choice. */
export type AffinityOutcome = 'none' | 'sticky' | 'hash' | 'named';

export type ChoiceReason =
  /** By affinity or strategy. */
  | 'chosen'
  /** Chosen among the sick as well: panic rule `spread`. */
  | 'panic_spread'
  /** None: there is no endpoint. */
  | 'empty'
  /** None: there would be one if it had room, or if its logon rate allowed one more. */
  | 'full'
  /** None: too few are healthy. */
  | 'panic'
  /** None: those that might be are drained, without weight, too small or not wanted. */
  | 'unavailable';

/** Room for one decision; as long as the candidates are many, or longer. Reused by the owner. */
export interface ChoiceBuffers {
  readonly rows: Uint32Array;
  readonly scores: Float64Array;
  readonly exclusions: Uint8Array;
}

export interface Choice {
  /** Row that was chosen; −1 for none. */
  readonly index: number;
  readonly strategy: StrategyName;
  readonly affinity: AffinityOutcome;
  readonly reason: ChoiceReason;
  /** For the next decision. */
  readonly memory: StrategyMemory;
  /** Rows of the next two that are in use. */
  readonly size: number;
  /** NaN where a row was not looked at. Lives in the buffers: copy to keep. */
  readonly scores: Float64Array;
  /** Codes of EXCLUSION; 0 for a candidate. Lives in the buffers: copy to keep. */
  readonly exclusions: Uint8Array;
}

/** No tier, and greater than any. */
const NO_TIER = 256;

/**
 * Chooses an endpoint. The lowest tier that has a candidate takes the request; a tier whose endpoints are only
 * throttled keeps it waiting rather than letting it fall to a lower one, because the wait is short and the way back is
 * not. Within a tier a named endpoint goes first, then the one the key was on, then the hash of the key, then the
 * strategy. Pure but for the buffers; looks at each row a few times and allocates next to nothing.
 */
export function choose(
  candidates: Candidates,
  request: ChoiceRequest,
  policy: ChoicePolicy,
  memory: StrategyMemory,
  random: Random,
  buffers: ChoiceBuffers,
): Choice {
  const { rows, scores, exclusions } = buffers;
  const { size } = candidates;
  const { strategy: name } = policy;
  // A loop: the call of `fill` costs more than so few numbers.
  for (let row = 0; row < size; row++) scores[row] = Number.NaN;

  let reason: ChoiceReason = 'chosen';
  let tier = exclude(candidates, request, exclusions);
  // Without a threshold only a tier that has no candidate is in panic.
  if (policy.panicThreshold > 0 && request.named < 0) {
    tier = calmTier(candidates, exclusions, tier, policy.panicThreshold);
  }
  if (tier === NO_TIER && policy.panic === 'spread' && request.named < 0) {
    tier = readmit(candidates, request, policy.panicThreshold, exclusions);
    if (tier !== NO_TIER) reason = 'panic_spread';
  }
  const count = tier === NO_TIER ? 0 : gather(candidates, exclusions, tier, rows);
  if (count === 0) {
    const why = reasonOfNone(size, exclusions);
    return { index: -1, strategy: name, affinity: 'none', reason: why, memory, size, scores, exclusions };
  }

  if (request.named >= 0) {
    return { index: request.named, strategy: name, affinity: 'named', reason, memory, size, scores, exclusions };
  }
  const { sticky, keyHash } = request;
  if (sticky >= 0 && isInTier(exclusions[sticky] as number)) {
    return { index: sticky, strategy: name, affinity: 'sticky', reason, memory, size, scores, exclusions };
  }
  const field: Field = { candidates, rows, count, scores };
  if (keyHash !== null) {
    const index = rendezvous(field, keyHash, policy.loadFactor);
    return { index, strategy: name, affinity: 'hash', reason, memory, size, scores, exclusions };
  }
  const strategy: Strategy = STRATEGIES[name];
  const index = strategy.pick(field, memory, random);
  const next = strategy.remember === undefined ? memory : strategy.remember(field, memory, index);
  return { index, strategy: name, affinity: 'none', reason, memory: next, size, scores, exclusions };
}

/**
 * Writes for each row why it cannot take the request whatever the others do. Returns the lowest tier with a candidate,
 * or with one that is only throttled.
 */
function exclude(candidates: Candidates, request: ChoiceRequest, exclusions: Uint8Array): number {
  const { size, active, exclusion, limit, priority, readyAt, weight } = candidates;
  const { now } = request;
  const isPlain = request.named < 0 && request.exclusions === null;
  let tier = NO_TIER;
  for (let row = 0; row < size; row++) {
    let code = exclusion[row] as number;
    if (code === EXCLUSION.None) {
      const isFree =
        isPlain &&
        (weight[row] as number) > 0 &&
        (active[row] as number) < (limit[row] as number) &&
        (readyAt[row] as number) <= now;
      if (!isFree) code = obstacle(candidates, request, row);
      if ((code === EXCLUSION.None || code === EXCLUSION.Throttled) && (priority[row] as number) < tier) {
        tier = priority[row] as number;
      }
    }
    exclusions[row] = code;
  }
  return tier;
}

/** What stands against a row apart from its health. */
function obstacle(candidates: Candidates, request: ChoiceRequest, row: number): number {
  if (request.named >= 0 && row !== request.named) return EXCLUSION.Avoided;
  if (request.exclusions !== null && request.exclusions[row] !== EXCLUSION.None) {
    return request.exclusions[row] as number;
  }
  if ((candidates.weight[row] as number) <= 0) return EXCLUSION.NoWeight;
  if ((candidates.active[row] as number) >= (candidates.limit[row] as number)) return EXCLUSION.Full;
  if ((candidates.readyAt[row] as number) > request.now) return EXCLUSION.Throttled;
  return EXCLUSION.None;
}

/** The lowest tier from `tier` on that can take the request and is not in panic. */
function calmTier(candidates: Candidates, exclusions: Uint8Array, tier: number, panicThreshold: number): number {
  const { size, priority } = candidates;
  let calm = tier;
  while (calm !== NO_TIER && isInPanic(candidates, calm, panicThreshold)) {
    let next = NO_TIER;
    for (let row = 0; row < size; row++) {
      const code = exclusions[row] as number;
      const of = priority[row] as number;
      if (of === calm && code === EXCLUSION.None) exclusions[row] = EXCLUSION.TierInPanic;
      if ((code === EXCLUSION.None || code === EXCLUSION.Throttled) && of > calm && of < next) next = of;
    }
    calm = next;
  }
  return calm;
}

function isInPanic(candidates: Candidates, tier: number, threshold: number): boolean {
  const { size, priority, exclusion, weight } = candidates;
  let members = 0;
  let sick = 0;
  for (let row = 0; row < size; row++) {
    if (priority[row] !== tier || (weight[row] as number) <= 0) continue;
    const code = exclusion[row] as number;
    if (code === EXCLUSION.Draining) continue;
    members++;
    if (isSick(code)) sick++;
  }
  return sick === members || members - sick < threshold * members;
}

/** Makes the sick of the first tier in panic that has room candidates again; returns that tier. */
function readmit(candidates: Candidates, request: ChoiceRequest, threshold: number, exclusions: Uint8Array): number {
  const { size, priority } = candidates;
  const canReturn = (row: number): boolean => {
    const code = exclusions[row] as number;
    const isOut = isSick(code) || code === EXCLUSION.TierInPanic;
    return isOut && obstacle(candidates, request, row) === EXCLUSION.None;
  };
  let tier = NO_TIER;
  for (let row = 0; row < size; row++) {
    const of = priority[row] as number;
    if (of < tier && canReturn(row) && isInPanic(candidates, of, threshold)) tier = of;
  }
  for (let row = 0; row < size; row++) {
    if (priority[row] === tier && canReturn(row)) exclusions[row] = EXCLUSION.None;
  }
  return tier;
}

/**
 * Collects the candidates of a tier: those that are healthy and those to be tried out, or all where nothing is healthy.
 * Marks the others with the reason.
 */
function gather(candidates: Candidates, exclusions: Uint8Array, tier: number, rows: Uint32Array): number {
  const { size, priority, standing, active } = candidates;
  let count = 0;
  let isAnyHealthy = false;
  let isAnyPassedOver = false;
  for (let row = 0; row < size; row++) {
    if (exclusions[row] !== EXCLUSION.None) continue;
    if (priority[row] !== tier) {
      exclusions[row] = EXCLUSION.LowerPriority;
      continue;
    }
    const isHealthy = standing[row] === STANDING.Healthy;
    if (isHealthy) isAnyHealthy = true;
    if (isHealthy || (standing[row] === STANDING.Unknown && active[row] === 0)) {
      rows[count++] = row;
    } else {
      isAnyPassedOver = true;
      exclusions[row] = EXCLUSION.NotPreferred;
    }
  }
  if (isAnyHealthy || !isAnyPassedOver) return count;
  count = 0;
  for (let row = 0; row < size; row++) {
    if (exclusions[row] === EXCLUSION.NotPreferred) exclusions[row] = EXCLUSION.None;
    if (exclusions[row] === EXCLUSION.None) rows[count++] = row;
  }
  return count;
}

function reasonOfNone(size: number, exclusions: Uint8Array): ChoiceReason {
  if (size === 0) return 'empty';
  let reason: ChoiceReason = 'unavailable';
  for (let row = 0; row < size; row++) {
    const code = exclusions[row] as number;
    if (code === EXCLUSION.TierInPanic) return 'panic';
    if (code === EXCLUSION.Full || code === EXCLUSION.Throttled) reason = 'full';
    else if (isSick(code) && reason !== 'full') reason = 'panic';
  }
  return reason;
}

function isSick(code: number): boolean {
  return code === EXCLUSION.Unhealthy || code === EXCLUSION.Ejected;
}

/** A key stays where it was even if that endpoint is not among the preferred ones now. */
function isInTier(code: number): boolean {
  return code === EXCLUSION.None || code === EXCLUSION.NotPreferred;
}
