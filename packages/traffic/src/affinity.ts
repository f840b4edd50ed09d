import type { Field } from './strategy/strategy.ts';

/** What the scores of `rendezvous` mean. */
export const RENDEZVOUS_SCORES = 'order in which the key falls on the endpoints; the lowest that has room is taken';

/** Hash of a key or of an endpoint's id: FNV-1a over UTF-16 units, mixed. Unsigned, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/**
 * Weighted rendezvous hashing with bounded load. Each endpoint draws a number from the key and its own id, an
 * exponential variate of rate `weight`; the lowest wins. So each has its share of the keys, and only the keys of an
 * endpoint that leaves, or those that one that joins wins, move. An endpoint whose leases would exceed `loadFactor` ×
 * its share of all is passed over for the next.
 *
 * Sources: Thaler and Ravishankar, 1998; Mirrokni, Thorup and Zadimoghaddam, 2018, for the bound.
 */
export function rendezvous(field: Field, keyHash: number, loadFactor: number): number {
  const { rows, count, scores } = field;
  const { active, hash, weight } = field.candidates;
  let leases = 1;
  let total = 0;
  for (let place = 0; place < count; place++) {
    const row = rows[place] as number;
    leases += active[row] as number;
    total += weight[row] as number;
  }
  const perWeight = (loadFactor * leases) / total;
  let best = -1;
  let bestScore = Infinity;
  for (let place = 0; place < count; place++) {
    const row = rows[place] as number;
    const share = weight[row] as number;
    const score = exponential(mix(keyHash + Math.imul(hash[row] as number, 0x9e3779b1))) / share;
    scores[row] = score;
    if (score < bestScore && (active[row] as number) < Math.ceil(perWeight * share)) {
      best = row;
      bestScore = score;
    }
  }
  return best;
}

/** The finaliser of MurmurHash3 (Appleby, public domain): each bit of the input moves each of the result. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const STEPS = 1024;
/** log2 from 1 to 2. */
const LOG2 = Float64Array.from({ length: STEPS + 1 }, (_, step) => Math.log2(1 + step / STEPS));

/**
 * -log2(hash / 2^32), an exponential variate if the hash is uniform; off by less than 2e-7. By table, because Math.log
 * would be half of the time of a decision.
 */
function exponential(hash: number): number {
  const odd = hash | 1;
  const zeros = Math.clz32(odd);
  const fraction = ((odd << zeros) << 1) >>> 0;
  const step = fraction >>> 22;
  const from = LOG2[step] as number;
  const to = LOG2[step + 1] as number;
  return zeros + 1 - from - ((fraction & 0x3fffff) / 0x400000) * (to - from);
}
