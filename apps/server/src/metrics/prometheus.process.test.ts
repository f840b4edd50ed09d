import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createScope, systemClock } from '@roundhouse/core';
import { startPrometheus } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

const RULES = fileURLToPath(new URL('../../../../deploy/prometheus/roundhouse.rules.yml', import.meta.url));
const TOKEN = 'scrape-me';

describe('a real Prometheus', () => {
  it('scrapes what we serve, evaluates our rules, and answers from it', async () => {
    let active = 3;
    const metrics = createMetrics({
      clock: systemClock,
      version: '1.2.3',
      sources: {
        sessionsByState: () => ({ active }),
        limits: () => [{ limit: 'sessions', used: 99, capacity: 100 }],
        endpoints: () => [{ endpoint: 'a|b"c\\d', group: 'tso', sessions: 1, leases: 1, status: 'unhealthy' }],
      },
    });
    using scope = createScope();
    metrics.start(scope);
    const server = createServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        response.writeHead(401).end();
        return;
      }
      metrics.request('GET', '/metrics', 200, 1);
      void metrics.render().then((text) => response.setHeader('content-type', metrics.contentType).end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await using prometheus = await startPrometheus({ target: `127.0.0.1:${port}`, ruleFiles: [RULES], token: TOKEN });
      const value = async (expression: string): Promise<number | undefined> =>
        (await prometheus.query(expression))[0]?.value;
      const soon = { timeout: 20_000 };
      await expect.poll(() => value('up{job="roundhouse"}'), soon).toBe(1);
      await expect.poll(() => value('roundhouse_sessions{state="active"}'), soon).toBe(3);
      active = 4;
      await expect.poll(() => value('roundhouse_sessions{state="active"}'), soon).toBe(4);
      expect(await prometheus.query('roundhouse_build_info')).toMatchObject([
        { labels: { version: '1.2.3' }, value: 1 },
      ]);
      expect(await prometheus.query('roundhouse_endpoint_health == 1')).toMatchObject([
        { labels: { endpoint: 'a|b"c\\d', status: 'unhealthy' } },
      ]);
      await expect.poll(() => value('instance_limit:roundhouse_limit_used:ratio'), soon).toBeCloseTo(0.99);
      await expect.poll(() => value('ALERTS{alertname="RoundhouseLimitNear",alertstate="pending"}'), soon).toBe(1);
      await expect
        .poll(() => value('roundhouse_http_request_duration_seconds_count{route="/metrics"}'), soon)
        .toBeGreaterThan(3);
      await expect
        .poll(() => value('histogram_quantile(0.99, rate(roundhouse_http_request_duration_seconds_bucket[10s]))'), soon)
        .toBeLessThan(0.01);
      // Whatever a scrape has, Prometheus has taken: no sample was refused.
      expect(await value('scrape_samples_scraped - scrape_samples_post_metric_relabeling')).toBe(0);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
