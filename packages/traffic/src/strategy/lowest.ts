import type { Field, Random } from './strategy.ts';

/** The row of the lowest score; equals are taken from a place drawn at random on, so that the first is not flooded. */
export function lowest({ rows, count, scores }: Field, random: Random): number {
  const start = Math.floor(random() * count);
  let best = rows[start] as number;
  let bestScore = scores[best] as number;
  for (let offset = 1; offset < count; offset++) {
    const place = start + offset;
    const row = rows[place < count ? place : place - count] as number;
    const score = scores[row] as number;
    if (score < bestScore) {
      best = row;
      bestScore = score;
    }
  }
  return best;
}
