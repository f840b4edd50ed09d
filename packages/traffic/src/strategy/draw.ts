import type { Field } from './strategy.ts';

export function totalWeight({ candidates: { weight }, rows, count }: Field): number {
  let total = 0;
  for (let place = 0; place < count; place++) total += weight[rows[place] as number] as number;
  return total;
}

/**
 * The row at `point` of the weights laid end to end, 0 ≤ point < their sum; the row `without` takes no part, and is −1
 * where all do.
 */
export function rowAt({ candidates: { weight }, rows, count }: Field, point: number, without: number): number {
  let left = point;
  let last = -1;
  for (let place = 0; place < count; place++) {
    const row = rows[place] as number;
    if (row === without) continue;
    last = row;
    left -= weight[row] as number;
    if (left < 0) return row;
  }
  // Rounding may carry the point past the end.
  return last;
}
