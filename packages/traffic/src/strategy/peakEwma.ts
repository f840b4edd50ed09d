import { lowest } from './lowest.ts';
import { shortestResponse, usableResponse } from './response.ts';
import type { Strategy } from './strategy.ts';

/** Peak-EWMA, as in Finagle: the cost of one more lease is the response time × the leases, for the weight. */
export const peakEwma: Strategy = {
  scores: 'response time in ms × leases with this one, for each unit of weight; the lowest is taken',
  pick(field, _memory, random) {
    const { rows, count, scores } = field;
    const { active, responseMs, weight } = field.candidates;
    const unknown = shortestResponse(field);
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      const response = usableResponse(responseMs[row] as number, unknown);
      scores[row] = (response * ((active[row] as number) + 1)) / (weight[row] as number);
    }
    return lowest(field, random);
  },
};
