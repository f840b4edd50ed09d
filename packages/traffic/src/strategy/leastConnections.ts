import { lowest } from './lowest.ts';
import type { Strategy } from './strategy.ts';

/** The fewest leases for its weight, the one to be given counted. */
export const leastConnections: Strategy = {
  scores: 'leases with this one for each unit of weight; the lowest is taken',
  pick(field, _memory, random) {
    const { rows, count, scores } = field;
    const { active, weight } = field.candidates;
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      scores[row] = ((active[row] as number) + 1) / (weight[row] as number);
    }
    return lowest(field, random);
  },
};
