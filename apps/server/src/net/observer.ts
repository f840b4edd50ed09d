import type { NetObserver } from '@roundhouse/net';
import { DURATION_BOUNDS } from '../metrics/durations.ts';
import type { MetricRegistry } from '../metrics/registry.ts';

/** Codes and phases of a protocol that there is room for. */
const MAX_FAILURES = 1_000;
const MAX_OPERATIONS = 500;

/** Counts what happens on connections of any protocol. */
export function netMetrics(registry: MetricRegistry): NetObserver {
  const connections = registry.counter(
    'roundhouse_net_connections_total',
    'Connections that came to stand, by protocol and role.',
    { labels: ['protocol', 'role'], maxSeries: 100 },
  );
  const errors = registry.counter(
    'roundhouse_net_errors_total',
    'Connections and operations that failed, by code and phase.',
    { labels: ['protocol', 'code', 'phase'], maxSeries: MAX_FAILURES },
  );
  const operations = registry.histogram('roundhouse_net_operation_duration_seconds', 'Time of one operation.', {
    labels: ['protocol', 'operation'],
    maxSeries: MAX_OPERATIONS,
    bounds: DURATION_BOUNDS,
  });
  const open = new Map<string, { readonly protocol: string; readonly role: string; count: number }>();
  const inFlight = new Map<string, { readonly protocol: string; readonly role: string; count: number }>();
  const count = (of: typeof open, protocol: string, role: string, by: number): void => {
    const key = `${protocol} ${role}`;
    const entry = of.get(key) ?? { protocol, role, count: 0 };
    entry.count += by;
    of.set(key, entry);
  };
  const read = (of: typeof open) => () =>
    [...of.values()].map(({ protocol, role, count: value }) => ({ labels: { protocol, role }, value }));
  registry.mirror('gauge', 'roundhouse_net_open', 'Connections that are open.', {
    labels: ['protocol', 'role'],
    read: read(open),
  });
  registry.mirror('gauge', 'roundhouse_net_in_flight', 'Operations under way.', {
    labels: ['protocol', 'role'],
    read: read(inFlight),
  });

  return {
    observe(fact) {
      const { protocol, role } = fact;
      switch (fact.type) {
        case 'connectionOpened':
          connections.add(1, { protocol, role });
          return count(open, protocol, role, 1);
        case 'connectionClosed':
          if (fact.code !== null) errors.add(1, { protocol, code: fact.code, phase: 'open' });
          return count(open, protocol, role, -1);
        case 'connectionFailed':
          return errors.add(1, { protocol, code: fact.code, phase: fact.phase ?? 'unknown' });
        case 'operationStarted':
          return count(inFlight, protocol, role, 1);
        case 'operationEnded': {
          const { operation, code, phase, elapsedMs } = fact;
          if (code !== null) errors.add(1, { protocol, code, phase: phase ?? 'unknown' });
          operations.observe(elapsedMs / 1_000, { protocol, operation });
          return count(inFlight, protocol, role, -1);
        }
      }
    },
  };
}
