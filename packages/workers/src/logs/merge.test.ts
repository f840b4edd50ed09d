import { describe, expect, it } from 'vitest';
import type { LogLine } from './contract.ts';
import { latest } from './merge.ts';

async function* row(number: number, times: readonly number[], closed: number[] = []): AsyncGenerator<LogLine> {
  try {
    for (const at of times)
      yield { instance: { worker: 'w', number }, stream: 'stdout', at, bytes: Buffer.from(`${at}`), isCut: false };
  } finally {
    closed.push(number);
  }
}

describe('latest', () => {
  it('takes the last lines of all rows, oldest first, and closes the rows', async () => {
    const closed: number[] = [];
    const rows = [row(0, [50, 30, 10], closed), row(1, [45, 44, 43], closed), row(2, [], closed)];
    const lines = await latest(rows, 4, 1_000);
    expect(lines.map(({ at, instance }) => [at, instance.number])).toEqual([
      [43, 1],
      [44, 1],
      [45, 1],
      [50, 0],
    ]);
    expect(closed.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  });

  it('keeps the order of a row when its clock was set back', async () => {
    const lines = await latest([row(0, [10, 99, 20]), row(1, [15])], 10, 1_000);
    expect(lines.filter(({ instance }) => instance.number === 0).map(({ at }) => at)).toEqual([20, 99, 10]);
    expect(lines.length).toBe(4);
  });

  it('gives no more bytes than it may, and one line at least', async () => {
    expect((await latest([row(0, [33, 22, 11])], 10, 4)).map(({ at }) => at)).toEqual([22, 33]);
    expect((await latest([row(0, [12_345, 11])], 10, 4)).map(({ at }) => at)).toEqual([12_345]);
  });
});
