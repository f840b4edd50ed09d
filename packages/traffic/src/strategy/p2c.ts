import { rowAt, totalWeight } from './draw.ts';
import type { Strategy } from './strategy.ts';

/**
 * Power of two choices (Mitzenmacher, 2001): two different ones drawn by weight, and the one with fewer leases for its
 * weight taken. Nearly as even as the least loaded of all, without sending everybody to the same one at the same time.
 */
export const p2c: Strategy = {
  scores: 'leases with this one for each unit of weight, of the two drawn; the lower is taken',
  pick(field, _memory, random) {
    const { count, rows, scores } = field;
    const { active, weight } = field.candidates;
    if (count === 1) {
      const only = rows[0] as number;
      scores[only] = ((active[only] as number) + 1) / (weight[only] as number);
      return only;
    }
    const total = totalWeight(field);
    const first = rowAt(field, random() * total, -1);
    const second = rowAt(field, random() * (total - (weight[first] as number)), first);
    const firstLoad = ((active[first] as number) + 1) / (weight[first] as number);
    const secondLoad = ((active[second] as number) + 1) / (weight[second] as number);
    scores[first] = firstLoad;
    scores[second] = secondLoad;
    return secondLoad < firstLoad ? second : first;
  },
};
