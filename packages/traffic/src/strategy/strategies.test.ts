import { describe, expect, it } from 'vitest';
import { seededRandom } from '../seededRandom.ts';
import { CandidateTable } from '../candidateTable.ts';
import { STRATEGIES, STRATEGY_NAMES, type StrategyName } from './strategies.ts';
import { EMPTY_MEMORY, type Strategy, type StrategyMemory, withoutRow } from './strategy.ts';

interface Row {
  readonly weight?: number;
  readonly active?: number;
  readonly responseMs?: number;
}

function tableOf(rows: readonly Row[]): CandidateTable {
  const table = new CandidateTable();
  for (const { weight = 1, active = 0, responseMs = Number.NaN } of rows) {
    const row = table.append(`e${table.size}`);
    table.weight[row] = weight;
    table.active[row] = active;
    table.responseMs[row] = responseMs;
  }
  return table;
}

/** The rows that a strategy picks in a row; `keeps` leaves each pick on its row as a lease. */
function picks(name: StrategyName, table: CandidateTable, count: number, keeps = false, start = EMPTY_MEMORY) {
  const strategy: Strategy = STRATEGIES[name];
  const random = seededRandom(7);
  const rows = Uint32Array.from({ length: table.size }, (_, row) => row);
  const field = { candidates: table, rows, count: table.size, scores: new Float64Array(table.size) };
  let memory: StrategyMemory = start;
  return Array.from({ length: count }, () => {
    const row = strategy.pick(field, memory, random);
    memory = strategy.remember?.(field, memory, row) ?? memory;
    if (keeps) table.active[row] = (table.active[row] as number) + 1;
    return row;
  });
}

function countOf(rows: readonly number[], row: number): number {
  return rows.filter((each) => each === row).length;
}

describe('strategies', () => {
  it.each(STRATEGY_NAMES)('%s takes the only candidate', (name) => {
    expect(picks(name, tableOf([{}]), 3)).toEqual([0, 0, 0]);
  });

  it('round_robin takes turns', () => {
    expect(picks('round_robin', tableOf([{ weight: 9 }, {}, {}]), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('round_robin goes on with the next when a row is gone', () => {
    expect(withoutRow({ turn: 2, credit: [] }, 0).turn).toBe(1);
    expect(withoutRow({ turn: 1, credit: [] }, 1).turn).toBe(0);
    expect(withoutRow({ turn: 1, credit: [] }, 2).turn).toBe(1);
  });

  it('weighted_round_robin interleaves as nginx does', () => {
    const table = tableOf([{ weight: 5 }, { weight: 1 }, { weight: 1 }]);
    expect(picks('weighted_round_robin', table, 7)).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('weighted_round_robin keeps the credit of the others when a row is gone', () => {
    expect(withoutRow({ turn: -1, credit: [1, 2, 3] }, 1).credit).toEqual([1, 3]);
  });

  it('least_connections takes the fewest leases for the weight', () => {
    expect(picks('least_connections', tableOf([{ active: 4 }, { active: 3 }, { active: 5, weight: 2 }]), 1)).toEqual([
      2,
    ]);
  });

  it('least_connections begins anywhere among equals', () => {
    expect(new Set(picks('least_connections', tableOf([{}, {}, {}]), 50))).toEqual(new Set([0, 1, 2]));
  });

  it('least_response_time takes the quickest, and of those as quick the least loaded', () => {
    const table = tableOf([
      { responseMs: 100, active: 9 },
      { responseMs: 105, active: 2 },
      { responseMs: 200, active: 0 },
    ]);
    expect(new Set(picks('least_response_time', table, 20))).toEqual(new Set([1]));
  });

  it('random draws by weight', () => {
    const drawn = picks('random', tableOf([{ weight: 1 }, { weight: 3 }]), 4000);
    expect(countOf(drawn, 1) / 4000).toBeCloseTo(0.75, 1);
  });

  it('p2c never takes the most loaded of all', () => {
    const drawn = picks('p2c', tableOf([{ active: 9 }, { active: 1 }, { active: 2 }]), 500);
    expect(countOf(drawn, 0)).toBe(0);
    expect(countOf(drawn, 1)).toBeGreaterThan(countOf(drawn, 2));
  });

  it('peak_ewma weighs response time against leases', () => {
    const table = tableOf([
      { responseMs: 10, active: 9 },
      { responseMs: 40, active: 1 },
    ]);
    expect(picks('peak_ewma', table, 2, true)).toEqual([1, 0]);
  });

  it.each(['peak_ewma', 'least_response_time'] as const)(
    '%s tries an endpoint of unknown response time, no more than the quickest',
    (name) => {
      const taken = picks(name, tableOf([{ responseMs: 10 }, {}, { responseMs: 80 }]), 90, true);
      expect(countOf(taken, 1)).toBeGreaterThan(20);
      expect(countOf(taken, 1)).toBeLessThanOrEqual(countOf(taken, 0) + 1);
    },
  );
});
