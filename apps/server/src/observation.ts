import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Gateway } from '@roundhouse/sessions';
import type { EventJournal } from './event/journal.ts';
import { createLimits, type LimitDefinition, type Limits } from './limit/limits.ts';
import { processLimits } from './limit/processLimits.ts';
import type { Log } from './log/log.ts';
import { History } from './metrics/history.ts';
import { historySeries } from './metrics/historySeries.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import type { MetricSources } from './metrics/sources.ts';

export interface ObservationOptions {
  readonly version: string;
  readonly maxConnections: number;
  readonly maxWaitingEvents: number;
  /** Resident memory that counts as all there is, bytes. Default: what the system gives. */
  readonly memoryBytes?: number | undefined;
  /** Share of a limit from which on its use is told. Default 0.8. */
  readonly warnRatio?: number | undefined;
}

export interface ObservationDependencies {
  readonly gateway: Gateway;
  readonly journal: EventJournal;
  readonly connections: () => number;
  readonly certificates: NonNullable<MetricSources['certificates']>;
  readonly webhooks: NonNullable<MetricSources['webhooks']>;
  readonly workers: NonNullable<MetricSources['workers']> | undefined;
  readonly logLines: Log['counts'];
  readonly log: Logger;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** How the server does: its limits, its figures of now, and those of the last day. */
export interface Observation {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly history: History;
}

/** Begins at once; the end of the scope ends it. */
export function createObservation(options: ObservationOptions, deps: ObservationDependencies): Observation {
  const { gateway, journal, connections, logLines, log, clock, scope } = deps;
  const { maxConnections, maxWaitingEvents, warnRatio } = options;
  const own: readonly LimitDefinition[] = [
    { name: 'sessions', unit: 'count', usage: () => gateway.sessions.size, capacity: () => gateway.sessions.capacity },
    { name: 'events_waiting', unit: 'count', usage: () => journal.waiting, capacity: () => maxWaitingEvents },
    { name: 'connections', unit: 'count', usage: connections, capacity: () => maxConnections },
  ];
  const limits = createLimits(
    [...own, ...processLimits(options.memoryBytes)].map((limit) => ({
      ...limit,
      ...(warnRatio === undefined ? {} : { warnRatio }),
    })),
    {
      clock,
      onChange: (change, { name, used, capacity }) => {
        journal.publish(`limit.${change}`, name, { used, capacity });
        log.warn(`limit ${change}`, { limit: name, used, capacity });
      },
    },
    scope,
  );
  let lost = 0;
  journal.watch(({ type, data }) => {
    if (type === 'roundhouse.events.lost') lost += Number(data['count']);
  });
  const sources: MetricSources = {
    sessionsByState: () => gateway.sessions.countByState(),
    endpoints: () => gateway.directory.figures(),
    connections: () => ({ api: connections() }),
    journal: () => ({ lastSequence: journal.range().last, uncommitted: journal.waiting, lost }),
    limits: () =>
      limits.usage().map(({ name, used, capacity }) => ({ limit: name, used, capacity: capacity ?? Infinity })),
    logLines: () => logLines,
    certificates: deps.certificates,
    webhooks: deps.webhooks,
    ...(deps.workers === undefined ? {} : { workers: deps.workers }),
  };
  const metrics = createMetrics({ clock, version: options.version, sources });
  metrics.start(scope);
  metrics.follow(journal);
  const history = new History(historySeries(metrics, sources), clock);
  history.start(scope);
  return { limits, metrics, history };
}
