import { rowAt, totalWeight } from './draw.ts';
import type { Strategy } from './strategy.ts';

/** Drawn by weight. */
export const weightedRandom: Strategy = {
  scores: 'weight in the draw',
  pick(field, _memory, random) {
    const { candidates, rows, count, scores } = field;
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      scores[row] = candidates.weight[row] as number;
    }
    return rowAt(field, random() * totalWeight(field), -1);
  },
};
