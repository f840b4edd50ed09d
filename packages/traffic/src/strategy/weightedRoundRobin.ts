import { totalWeight } from './draw.ts';
import type { Strategy } from './strategy.ts';

/**
 * Smooth weighted round robin, as in nginx (`ngx_http_upstream_get_peer`): each candidate gains its weight as credit,
 * the one with the most is taken and pays the sum of all. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 */
export const weightedRoundRobin: Strategy = {
  scores: 'credit with its weight added; the highest is taken',
  pick({ candidates: { weight }, rows, count, scores }, { credit }) {
    let best = -1;
    let bestCredit = -Infinity;
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      const gained = (row < credit.length ? (credit[row] as number) : 0) + (weight[row] as number);
      scores[row] = gained;
      if (gained > bestCredit) {
        best = row;
        bestCredit = gained;
      }
    }
    return best;
  },
  remember(field, { turn, credit: before }, chosen) {
    const { candidates, rows, count, scores } = field;
    const credit = before.slice();
    while (credit.length < candidates.size) credit.push(0);
    for (let place = 0; place < count; place++) {
      const row = rows[place] as number;
      credit[row] = scores[row] as number;
    }
    credit[chosen] = (scores[chosen] as number) - totalWeight(field);
    return { turn, credit };
  },
};
