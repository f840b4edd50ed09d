import { getHeapStatistics } from 'node:v8';
import { residentMemory } from '../limit/residentMemory.ts';
import type { HistorySeries } from './history.ts';
import type { Metrics } from './metrics.ts';
import type { ByName, MetricSources } from './sources.ts';

const US_PER_SECOND = 1e6;
/** States of sessions that are over. */
const OVER = ['closed', 'error'];

/** The figures whose past a dashboard shows; those without a source have no values. */
export function historySeries(metrics: Metrics, sources: MetricSources): readonly HistorySeries[] {
  const { sessionsByState, connections, pendingInputs, journal, webhooks } = sources;
  return [
    level('sessions', 'sessions', () => sum(sessionsByState?.(), OVER)),
    level('connections', 'connections', () => sum(connections?.())),
    level('pending_inputs', 'inputs', () => pendingInputs?.()),
    level('webhook_pending', 'deliveries', () => webhooks?.().reduce((all, { pending }) => all + pending, 0)),
    rate('requests', 'requests/s', () => metrics.totals.requests),
    rate('failed_requests', 'requests/s', () => metrics.totals.failed),
    rate('events', 'events/s', () => journal?.().lastSequence),
    rate('processor', 'seconds/s', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / US_PER_SECOND;
    }),
    level('event_loop_delay_p99', 'seconds', () => metrics.eventLoopDelay()),
    level('resident_memory', 'bytes', residentMemory),
    level('heap_used', 'bytes', () => getHeapStatistics().used_heap_size),
  ];
}

type Read = () => number | undefined;

function level(name: string, unit: string, read: Read): HistorySeries {
  return { name, unit, kind: 'level', read: () => read() ?? Number.NaN };
}

function rate(name: string, unit: string, read: Read): HistorySeries {
  return { name, unit, kind: 'rate', read: () => read() ?? Number.NaN };
}

function sum(values: ByName | undefined, without: readonly string[] = []): number | undefined {
  if (values === undefined) return undefined;
  return Object.entries(values).reduce((all, [name, value]) => (without.includes(name) ? all : all + value), 0);
}
