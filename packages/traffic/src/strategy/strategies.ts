import { leastConnections } from './leastConnections.ts';
import { leastResponseTime } from './leastResponseTime.ts';
import { p2c } from './p2c.ts';
import { peakEwma } from './peakEwma.ts';
import { weightedRandom } from './random.ts';
import { roundRobin } from './roundRobin.ts';
import type { Strategy } from './strategy.ts';
import { weightedRoundRobin } from './weightedRoundRobin.ts';

/** Every way to choose among the endpoints of a tier, by the name that configuration uses. */
export const STRATEGIES = {
  p2c,
  round_robin: roundRobin,
  weighted_round_robin: weightedRoundRobin,
  least_connections: leastConnections,
  least_response_time: leastResponseTime,
  random: weightedRandom,
  peak_ewma: peakEwma,
} as const satisfies Record<string, Strategy>;

export type StrategyName = keyof typeof STRATEGIES;

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as readonly StrategyName[];
