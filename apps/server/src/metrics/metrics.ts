import type { Clock, Scope } from '@roundhouse/core';
import { netMetrics } from '../net/observer.ts';
import { DURATION_BOUNDS, PAUSE_BOUNDS } from './durations.ts';
import { EventLoopMonitor } from './eventLoop.ts';
import { registerMirrors } from './mirrors.ts';
import { registerProcess } from './process.ts';
import { MetricRegistry } from './registry.ts';
import { SlowestOperations } from './slowest.ts';
import type { MetricSources, WatchedEvents } from './sources.ts';
import { MAX_WORKERS } from './workerMirrors.ts';

interface MetricsDependencies {
  readonly clock: Clock;
  /** Of the product. */
  readonly version: string;
  readonly sources?: MetricSources;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The figures of one server. Session ids are never labels: their number has no bound. */
export function createMetrics({ clock, version, sources = {} }: MetricsDependencies) {
  const registry = new MetricRegistry();
  registerMirrors(registry, sources, clock);
  registerProcess(registry, clock, version);
  const eventLoop = new EventLoopMonitor(registry);
  const slowest = new SlowestOperations();

  const sessionsCreated = registry.counter('roundhouse_sessions_created_total', 'Sessions that were asked for.');
  const sessionsClosed = registry.counter('roundhouse_sessions_closed_total', 'Sessions that ended without a fault.');
  const sessionsFailed = registry.counter(
    'roundhouse_sessions_failed_total',
    'Sessions that ended by a fault, by code.',
    { labels: ['code'], maxSeries: MAX_CODES },
  );
  const failovers = registry.counter(
    'roundhouse_session_failovers_total',
    'Sessions that lost their host, by outcome.',
    { labels: ['outcome'] },
  );
  // There from the start: the first increase of a series that begins with it is none to Prometheus.
  for (const outcome of ['replaced', 'failed']) failovers.add(0, { outcome });
  const migrations = registry.counter(
    'roundhouse_session_migrations_total',
    'Sessions that were moved while their host was there.',
  );
  const indeterminateInputs = registry.counter(
    'roundhouse_session_indeterminate_inputs_total',
    'Inputs that a host had not answered when it was left.',
  );
  const logOffs = registry.counter(
    'roundhouse_front_door_log_offs_total',
    'Terminals that were disconnected because nobody used them.',
  );
  const healthChanges = registry.counter(
    'roundhouse_endpoint_health_changes_total',
    'Changes of the health of endpoints, by new status.',
    { labels: ['to'] },
  );
  const workerRestarts = registry.counter(
    'roundhouse_worker_restarts_total',
    'Ends of instances of a worker after which it is started again.',
    { labels: ['worker'], maxSeries: MAX_WORKERS },
  );
  const workerExits = registry.counter('roundhouse_worker_exits_total', 'Ends of instances of workers, by reason.', {
    labels: ['reason'],
    maxSeries: 100,
  });
  const workerFailures = registry.counter(
    'roundhouse_worker_failures_total',
    'Instances of workers that were given up.',
  );
  const net = netMetrics(registry);
  const requests = registry.histogram(
    'roundhouse_http_request_duration_seconds',
    'Time from the head of a request to the end of its answer.',
    { labels: ['method', 'route', 'status'], bounds: DURATION_BOUNDS },
  );

  /** Since the start; `failed` by a fault of the server. */
  const totals = { requests: 0, failed: 0 };

  return {
    contentType: registry.contentType,
    /** Counts connections and operations of protocols. */
    net,
    slowest,
    totals: totals as Readonly<typeof totals>,
    inputs: registry.counter('roundhouse_session_inputs_total', 'Inputs by outcome: ok, or the code of the fault.', {
      labels: ['outcome'],
      maxSeries: MAX_CODES,
    }),
    screenReads: registry.counter('roundhouse_screen_reads_total', 'Screens read, by format.', { labels: ['format'] }),
    errors: registry.counter('roundhouse_errors_total', 'Error answers of the API, by code.', {
      labels: ['code'],
      maxSeries: MAX_CODES,
    }),
    authentications: registry.counter(
      'roundhouse_authentication_attempts_total',
      'Attempts to prove an identity, by method and outcome: accepted, or the code of the refusal.',
      { labels: ['method', 'outcome'], maxSeries: 100 },
    ),
    rateLimited: registry.counter('roundhouse_rate_limited_total', 'Requests that came too fast, by limit.', {
      labels: ['limit'],
      maxSeries: 100,
    }),
    webhookAttempts: registry.counter(
      'roundhouse_webhook_attempts_total',
      'Attempts to deliver, by outcome: delivered, or the code of the fault.',
      { labels: ['outcome'], maxSeries: 100 },
    ),
    webhookDeliveries: registry.histogram(
      'roundhouse_webhook_delivery_duration_seconds',
      'Time of one attempt to deliver.',
      { bounds: DURATION_BOUNDS },
    ),
    storeCommits: registry.histogram('roundhouse_store_commit_duration_seconds', 'Time of one commit of the store.', {
      bounds: PAUSE_BOUNDS,
    }),
    storeErrors: registry.counter('roundhouse_store_errors_total', 'Calls of the store that failed, by code.', {
      labels: ['code'],
      maxSeries: 100,
    }),

    /** Counts one request; `route` is the pattern of its path. */
    request(method: string, route: string, status: number, elapsedMs: number): void {
      const operation = `${method} ${route}`;
      requests.observeAs(elapsedMs / 1_000, `${operation} ${status}`, () => ({
        method,
        route,
        status: String(status),
      }));
      slowest.observe(operation, elapsedMs);
      totals.requests++;
      if (status >= 500) totals.failed++;
    },

    /** Counts what happens. */
    follow(events: WatchedEvents): void {
      events.watch(({ type, subject, data }) => {
        if (type === 'roundhouse.session.created') sessionsCreated.add(1);
        else if (type === 'roundhouse.session.closed') sessionsClosed.add(1);
        else if (type === 'roundhouse.session.error') sessionsFailed.add(1, { code: String(data['code']) });
        else if (type === 'roundhouse.session.replaced') failovers.add(1, { outcome: 'replaced' });
        else if (type === 'roundhouse.operation.failed' && data['kind'] === 'failover')
          failovers.add(1, { outcome: 'failed' });
        else if (type === 'roundhouse.session.migrated') migrations.add(1);
        else if (type === 'roundhouse.session.input_indeterminate') indeterminateInputs.add(1);
        else if (type === 'roundhouse.terminal.logged_off') logOffs.add(1);
        else if (type === 'roundhouse.endpoint.health_changed') healthChanges.add(1, { to: String(data['to']) });
        else if (type === 'roundhouse.worker.restarting') workerRestarts.add(1, { worker: subject });
        else if (type === 'roundhouse.worker.exited') workerExits.add(1, { reason: String(data['reason']) });
        else if (type === 'roundhouse.worker.failed') workerFailures.add(1);
      });
    },

    /** Watches the event loop and the collector until the scope ends. */
    start: (scope: Scope): void => eventLoop.start(scope),
    /** 99th percentile of the delay of the event loop in the last window, seconds. */
    eventLoopDelay: () => eventLoop.delayP99,
    /** Names of all metrics. */
    names: () => registry.names(),
    /** All series as they are now. */
    values: () => registry.values(),
    /** The text that Prometheus reads. */
    render: () => registry.render(),
  };
}

/** Codes of the catalogues fit in; a code from elsewhere cannot make more. */
const MAX_CODES = 400;
