import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import type { Metric, Notice, WorkerContract } from './contract.ts';
import { watchContract } from './watch.ts';

const METRIC: Metric = { name: 'jobs_total', kind: 'counter', help: '', value: 3, labels: {} };
const noticeOf = (number: number): Notice => ({ number, at: 0, severity: 'info', message: `n${number}` });

function worker(answer: Pick<WorkerContract, 'metrics' | 'notices'>): WorkerContract {
  return answer as WorkerContract;
}

describe('what an integrated worker tells of itself', () => {
  it('is asked at each interval, notices once each', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const told: string[] = [];
    const asked: number[] = [];
    const notices = [noticeOf(1), noticeOf(2)];
    const watch = watchContract(
      worker({
        metrics: async () => [METRIC],
        notices: async (after) => {
          asked.push(after);
          return notices.filter(({ number }) => number > after);
        },
      }),
      10_000,
      ({ message }) => told.push(message),
      scope,
    );
    expect(watch.metrics).toEqual([]);
    await clock.advance(10_000);
    notices.push(noticeOf(3));
    await clock.advance(10_000);
    expect([told, asked, watch.metrics]).toEqual([['n1', 'n2', 'n3'], [0, 2], [METRIC]]);
    scope.end();
    await clock.advance(60_000);
    expect([asked.length, clock.pendingTimers]).toEqual([2, 0]);
  });

  it('is asked again after it did not answer', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    let asked = 0;
    watchContract(
      worker({
        metrics: () => (++asked === 1 ? Promise.reject(new Error('gone')) : Promise.resolve([])),
        notices: async () => [],
      }),
      1_000,
      () => {},
      scope,
    );
    await clock.advance(2_500);
    expect(asked).toBe(2);
    scope.end();
  });
});
