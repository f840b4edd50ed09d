import { createScope } from '@roundhouse/core';
import { FakeClock, promtool } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import type { MetricSources, WatchedEvent, WorkerFigures } from './sources.ts';

const ENDPOINT = { endpoint: 'tso1', group: 'tso', sessions: 3, leases: 4, status: 'degraded' } as const;

const WORKER: WorkerFigures = {
  worker: 'web',
  state: 'ready',
  replicas: 17,
  running: 18,
  cpuPercent: 19.5,
  rssBytes: 20,
  logBytes: null,
  limits: [{ limit: 'memory.max_rss', ratio: 0.21 }],
  told: [{ instance: 0, name: 'jobs_total{queue="a"}', value: 22 }],
};

/** Every source says something. */
const SOURCES: Required<MetricSources> = {
  sessionsByState: () => ({ active: 1, idle: 2 }),
  endpoints: () => [ENDPOINT],
  workers: () => [WORKER],
  connections: () => ({ api: 5, front_door: 6 }),
  queues: () => ({ input: 7 }),
  pendingInputs: () => 8,
  journal: () => ({ lastSequence: 9, uncommitted: 10, lost: 11 }),
  webhooks: () => [{ webhook: 'w1', pending: 12, dead: 13 }],
  limits: () => [{ limit: 'sessions', used: 14, capacity: 10_000 }],
  certificates: () => [{ listener: 'api', expiresAt: Date.UTC(2026, 0, 2) }],
  logLines: () => ({ info: 15 }),
  lostLogLines: () => 16,
};

function setUp(sources: MetricSources = SOURCES) {
  return createMetrics({ clock: new FakeClock(), version: '1.2.3', sources });
}

/** Families of the text with their types. */
function familiesOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map((match) => [match[1] as string, match[2] as string]));
}

describe('the metrics', () => {
  it('have names that promtool and our rules accept', async () => {
    const metrics = setUp();
    for (const counter of [metrics.inputs, metrics.errors]) counter.add(1, {});
    metrics.request('GET', '/livez', 200, 1);
    const text = await metrics.render();
    await promtool(['check', 'metrics'], text);
    for (const [name, type] of familiesOf(text)) {
      expect(name).toMatch(/^roundhouse_/);
      if (type === 'counter') expect(name).toMatch(/_total$/);
    }
    expect([...familiesOf(text).keys()].toSorted()).toEqual(metrics.names().toSorted());
  });

  it('show what the sources say', async () => {
    const text = await setUp().render();
    for (const line of [
      'roundhouse_sessions{state="active"} 1',
      'roundhouse_sessions{state="idle"} 2',
      'roundhouse_endpoint_sessions{endpoint="tso1",group="tso"} 3',
      'roundhouse_endpoint_leases{endpoint="tso1",group="tso"} 4',
      'roundhouse_endpoint_health{endpoint="tso1",group="tso",status="degraded"} 1',
      'roundhouse_endpoint_health{endpoint="tso1",group="tso",status="healthy"} 0',
      'roundhouse_connections{door="api"} 5',
      'roundhouse_queue_length{queue="input"} 7',
      'roundhouse_pending_inputs 8',
      'roundhouse_events_last_sequence 9',
      'roundhouse_events_uncommitted 10',
      'roundhouse_events_lost_total 11',
      'roundhouse_webhook_pending{webhook="w1"} 12',
      'roundhouse_webhook_dead_letters{webhook="w1"} 13',
      'roundhouse_workers{state="ready"} 1',
      'roundhouse_workers{state="failed"} 0',
      'roundhouse_worker_replicas{worker="web"} 17',
      'roundhouse_worker_running{worker="web"} 18',
      'roundhouse_worker_cpu_percent{worker="web"} 19.5',
      'roundhouse_worker_memory_bytes{worker="web"} 20',
      'roundhouse_worker_limit_ratio{worker="web",limit="memory.max_rss"} 0.21',
      'roundhouse_worker_metric{worker="web",instance="0",metric="jobs_total{queue=\\"a\\"}"} 22',
      'roundhouse_limit_used{limit="sessions"} 14',
      'roundhouse_limit_capacity{limit="sessions"} 10000',
      'roundhouse_certificate_expiry_seconds{listener="api"} 86400',
      'roundhouse_log_lines_total{level="info"} 15',
      'roundhouse_log_lines_lost_total 16',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).toMatch(/^roundhouse_build_info\{version="1\.2\.3",node="\d+\.\d+\.\d+"\} 1$/m);
    expect(Number(/^roundhouse_process_open_fds (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(2);
    expect(Number(/^roundhouse_process_max_fds (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(100);
    expect(Number(/^roundhouse_process_heap_used_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(1e6);
  });

  it('have no series for a source that is not there, and show mirrors as they are now', async () => {
    let states: Record<string, number> = { active: 1 };
    const metrics = setUp({ sessionsByState: () => states });
    expect(await metrics.render()).toContain('roundhouse_sessions{state="active"} 1\n');
    states = { closed: 2 };
    const text = await metrics.render();
    expect(text).toContain('roundhouse_sessions{state="closed"} 2\n');
    expect(text).not.toContain('roundhouse_sessions{state="active"}');
    expect(text).not.toMatch(/^roundhouse_connections\{/m);
    expect(text).not.toMatch(/^roundhouse_pending_inputs /m);
  });

  it('are read, but for the one whose source fails', async () => {
    const metrics = setUp({
      ...SOURCES,
      queues() {
        throw new Error('broken');
      },
    });
    await metrics.render();
    const text = await metrics.render();
    expect(text).toContain('roundhouse_connections{door="api"} 5\n');
    expect(text).not.toMatch(/^roundhouse_queue_length\{/m);
    expect(text).toMatch(/^roundhouse_metrics_read_failures_total\{metric="roundhouse_queue_length"\} [12]$/m);
  });

  it('gather in "other" what would be too many series', async () => {
    const metrics = setUp();
    for (let i = 0; i < 10_000; i++) metrics.rateLimited.add(1, { limit: `address ${i}` });
    for (let i = 0; i < 10_000; i++) metrics.request('GET', `/made/up/${i}`, 200, 1);
    const text = await metrics.render();
    expect(text.match(/^roundhouse_rate_limited_total\{/gm)).toHaveLength(101);
    expect(text).toContain('roundhouse_rate_limited_total{limit="other"} 9900\n');
    expect(text).toContain('_count{method="other",route="other",status="other"} 9000\n');
    expect(await metrics.render()).toContain(
      'roundhouse_metrics_overflow_total{metric="roundhouse_rate_limited_total"} 9900\n',
    );
  });

  it('have room for 2,000 endpoints, and for no more', async () => {
    const endpoints = Array.from({ length: 2_500 }, (_, index) => ({ ...ENDPOINT, endpoint: `e${index}` }));
    const text = await setUp({ endpoints: () => endpoints }).render();
    expect(text.match(/^roundhouse_endpoint_sessions\{/gm)).toHaveLength(2_001);
    expect(text.match(/^roundhouse_endpoint_health\{/gm)).toHaveLength(8_001);
    expect(text).toContain('roundhouse_endpoint_sessions{endpoint="other",group="other"} 1500\n');
  });

  it('have room for 2,000 workers, and nothing to show of what is not known of them', async () => {
    const workers = Array.from({ length: 2_500 }, (_, index) => ({ ...WORKER, worker: `w${index}` }));
    const text = await setUp({ workers: () => workers }).render();
    expect(text.match(/^roundhouse_worker_replicas\{/gm)).toHaveLength(2_001);
    expect(text).toContain('roundhouse_worker_replicas{worker="other"} 8500\n');
    expect(text).not.toMatch(/^roundhouse_worker_log_bytes\{/m);
  });

  it('count what happens', async () => {
    const metrics = setUp();
    let tell: ((event: WatchedEvent) => void) | undefined;
    metrics.follow({
      watch(watcher) {
        tell = watcher;
        return () => {};
      },
    });
    const publish = (type: string, data: WatchedEvent['data'] = {}): void =>
      tell?.({ type: `roundhouse.${type}`, subject: 's1', data });
    publish('session.created');
    publish('session.closed');
    publish('session.error', { code: 'HOST_CLOSED' });
    publish('session.replaced');
    publish('operation.failed', { kind: 'failover' });
    publish('operation.failed', { kind: 'migrate' });
    publish('session.migrated');
    publish('session.input_indeterminate');
    publish('terminal.logged_off');
    publish('endpoint.health_changed', { to: 'unhealthy' });
    publish('worker.restarting');
    publish('worker.exited', { reason: 'out_of_memory' });
    publish('worker.failed');
    const text = await metrics.render();
    for (const line of [
      'roundhouse_sessions_created_total 1',
      'roundhouse_sessions_closed_total 1',
      'roundhouse_sessions_failed_total{code="HOST_CLOSED"} 1',
      'roundhouse_session_failovers_total{outcome="replaced"} 1',
      'roundhouse_session_failovers_total{outcome="failed"} 1',
      'roundhouse_session_migrations_total 1',
      'roundhouse_session_indeterminate_inputs_total 1',
      'roundhouse_front_door_log_offs_total 1',
      'roundhouse_endpoint_health_changes_total{to="unhealthy"} 1',
      'roundhouse_worker_restarts_total{worker="s1"} 1',
      'roundhouse_worker_exits_total{reason="out_of_memory"} 1',
      'roundhouse_worker_failures_total 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  it('add up a histogram from bucket to bucket', async () => {
    const metrics = setUp();
    for (const ms of [0.1, 3, 3, 100_000]) metrics.request('GET', '/x', 200, ms);
    const text = await metrics.render();
    const bucket = (le: string): string | undefined =>
      new RegExp(
        `duration_seconds_bucket\\{le="${le.replace('+', '\\+')}",method="GET",route="/x",status="200"\\} (\\d+)`,
      ).exec(text)?.[1];
    expect(['0.0005', '0.0025', '0.005', '30', '+Inf'].map(bucket)).toEqual(['1', '1', '3', '3', '4']);
  });

  it('escape label values', async () => {
    const metrics = setUp();
    metrics.inputs.add(1, { outcome: 'a"b\\c\nd' });
    expect(await metrics.render()).toContain('outcome="a\\"b\\\\c\\nd"} 1');
  });

  it('watch the event loop in windows, and leave nothing behind', async () => {
    const clock = new FakeClock();
    const metrics = createMetrics({ clock, version: '1' });
    const scope = createScope({ clock });
    metrics.start(scope);
    await clock.advance(10_000);
    expect(await metrics.render()).toMatch(/^roundhouse_event_loop_utilization_ratio (0\.\d+|1)$/m);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
