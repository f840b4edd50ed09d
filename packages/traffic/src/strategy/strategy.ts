import type { Candidates } from '../candidates.ts';

/** Uniform over 0 … 1, 1 excluded, as Math.random. */
export type Random = () => number;

/** The rows that a strategy may choose among. */
export interface Field {
  readonly candidates: Candidates;
  /** Row numbers, ascending; the first `count` are in use. */
  readonly rows: Uint32Array;
  /** At least 1. */
  readonly count: number;
  /** By row; a strategy writes the score of each row that it looked at. */
  readonly scores: Float64Array;
}

/** What a strategy remembers from one decision to the next; never changed, replaced. */
export interface StrategyMemory {
  /** Row that was chosen last; -1 before the first. */
  readonly turn: number;
  /** By row; what is missing counts as 0. */
  readonly credit: readonly number[];
}

export interface Strategy {
  /** What its scores mean, for people who read an explanation. */
  readonly scores: string;
  /** The row chosen. */
  pick(field: Field, memory: StrategyMemory, random: Random): number;
  /** The memory after `pick` returned `row`; absent where nothing need be remembered. */
  remember?(field: Field, memory: StrategyMemory, row: number): StrategyMemory;
}

export const EMPTY_MEMORY: StrategyMemory = { turn: -1, credit: [] };

/** The memory after a row is gone and those behind it have moved up. */
export function withoutRow(memory: StrategyMemory, row: number): StrategyMemory {
  const { turn, credit } = memory;
  return { turn: turn >= row ? turn - 1 : turn, credit: credit.filter((_, index) => index !== row) };
}
