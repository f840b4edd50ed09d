import type { Field } from './strategy.ts';

/**
 * The shortest response time known, in ms; 1 where none is. It stands for those that are not known yet: taken for as
 * good as the best they are tried soon, and never get more than the best would.
 */
export function shortestResponse({ candidates: { responseMs }, rows, count }: Field): number {
  let shortest = Infinity;
  for (let place = 0; place < count; place++) {
    const response = responseMs[rows[place] as number] as number;
    // NaN compares false.
    if (response < shortest) shortest = response;
  }
  return shortest === Infinity ? 1 : shortest;
}

/** Response times below this, in ms, are not told apart. */
const LEAST_RESPONSE_MS = 0.1;

/** A response time to calculate with: `unknown` where there is none yet, and never 0. */
export function usableResponse(responseMs: number, unknown: number): number {
  return Math.max(Number.isNaN(responseMs) ? unknown : responseMs, LEAST_RESPONSE_MS);
}
