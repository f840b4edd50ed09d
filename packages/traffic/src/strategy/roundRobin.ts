import type { Strategy } from './strategy.ts';

/** One after the other, whatever their weight and load. */
export const roundRobin: Strategy = {
  scores: 'turns until it is due; the lowest is taken',
  pick({ rows, count, scores }, { turn }) {
    let first = 0;
    while (first < count && (rows[first] as number) <= turn) first++;
    if (first === count) first = 0;
    for (let place = 0; place < count; place++) {
      scores[rows[place] as number] = place < first ? place - first + count : place - first;
    }
    return rows[first] as number;
  },
  remember: (_field, { credit }, row) => ({ turn: row, credit }),
};
