import { shortestResponse, usableResponse } from './response.ts';
import type { Strategy } from './strategy.ts';

/** Response times this close to the shortest are one to people, and no reason to crowd an endpoint. */
const NEAR = 1.1;

/**
 * The shortest response time; among those near it, the fewest leases for the weight. Weight does not make an endpoint
 * quicker: divided by it, the times of light endpoints would keep everybody away from them.
 */
export const leastResponseTime: Strategy = {
  scores: 'response time in ms; of those within 10 % of the lowest, the least loaded is taken',
  pick(field, _memory, random) {
    const { rows, count, scores } = field;
    const { active, responseMs, weight } = field.candidates;
    const unknown = shortestResponse(field);
    let shortest = Infinity;
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      const score = usableResponse(responseMs[row] as number, unknown);
      scores[row] = score;
      if (score < shortest) shortest = score;
    }
    const near = shortest * NEAR;
    const start = Math.floor(random() * count);
    let best = -1;
    let bestLoad = Infinity;
    for (let offset = 0; offset < count; offset++) {
      const place = start + offset;
      const row = rows[place < count ? place : place - count] as number;
      if ((scores[row] as number) > near) continue;
      const load = ((active[row] as number) + 1) / (weight[row] as number);
      if (load < bestLoad) {
        best = row;
        bestLoad = load;
      }
    }
    return best;
  },
};
