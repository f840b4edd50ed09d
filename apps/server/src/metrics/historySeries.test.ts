import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { historySeries } from './historySeries.ts';
import { createMetrics } from './metrics.ts';

describe('the series of the history', () => {
  it('come from the sources and the metrics, and are empty where there is no source', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const sources = { sessionsByState: () => ({ active: 2, idle: 1, closed: 7, error: 9 }) };
    const metrics = createMetrics({ clock, version: '1', sources });
    const history = new History(historySeries(metrics, sources), clock);
    history.start(scope);
    await clock.advance(1);
    for (const status of [200, 200, 503]) metrics.request('GET', '/', status, 1);
    await clock.advance(30_000);
    const last = Object.fromEntries(history.query().series.map(({ name, values }) => [name, values.at(-1)]));
    expect(last).toMatchObject({
      sessions: 3,
      connections: null,
      requests: 0.1,
      failed_requests: 1 / 30,
      events: null,
    });
    expect(last['resident_memory']).toBeGreaterThan(1e7);
    expect(last['processor']).toBeGreaterThanOrEqual(0);
  });
});
