import {
  type LogLevels as LogLevelsResource,
  logLevelSchema,
  type MetricsExport,
  metricsQuerySchema,
  type MetricsQuery,
  validate,
  validateQuery,
} from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../limit/limits.ts';
import type { LogLevels } from '../log/levels.ts';
import { historyAsCsv, valuesAsCsv } from '../metrics/export.ts';
import type { History, HistoryPage } from '../metrics/history.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { valid } from './request.ts';

export interface ObservationRoutesDependencies {
  readonly metrics: Metrics;
  readonly history: History;
  readonly limits: Limits;
  /** What is refused at present because there is too much to do. */
  readonly refused: () => readonly string[];
  readonly levels: LogLevels;
  readonly clock: Clock;
}

/** Operations that the export names as the slowest. */
const SLOWEST = 20;

/** Handlers of the routes that tell how the server does, by the names of the route table. */
export function observationRoutes({ metrics, history, limits, refused, levels, clock }: ObservationRoutesDependencies) {
  return {
    getUsage(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send({ limits: limits.usage(), degraded: refused() });
    },

    getLogLevels(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(levelsShown(levels));
    },

    putLogLevel(request: FastifyRequest, reply: FastifyReply) {
      const { module } = request.params as { readonly module: string };
      const { level, ttl_ms: ttlMs } = valid(validate(logLevelSchema, request.body, 'body'));
      levels.set(module, level, ttlMs === undefined ? {} : { ttlMs });
      return reply.send(levelsShown(levels));
    },

    async exportMetrics(request: FastifyRequest, reply: FastifyReply) {
      const query = valid(validateQuery(metricsQuerySchema, request.query as Record<string, unknown>));
      const { format = 'json', names } = query;
      const beginnings = names?.split(',').filter((name) => name !== '') ?? [];
      const isWanted = ({ name }: { readonly name: string }): boolean =>
        beginnings.length === 0 || beginnings.some((beginning) => name.startsWith(beginning));
      const isPast = query.since !== undefined || query.until !== undefined || query.step_s !== undefined;
      if (format === 'csv') void reply.type('text/csv; charset=utf-8');
      if (isPast) {
        const page = history.query(rangeOf(query));
        const wanted = { ...page, series: page.series.filter(isWanted) };
        return reply.send(format === 'csv' ? historyAsCsv(wanted) : exported(pastSeries(wanted)));
      }
      const values = (await metrics.values()).filter(isWanted);
      if (format === 'csv') return reply.send(valuesAsCsv(values));
      const at = new Date(clock.now()).toISOString();
      return reply.send(
        exported(
          values.flatMap(({ series }) =>
            series.map(({ name, labels, value }) => ({
              name,
              unit: null,
              labels: { ...labels },
              points: [[at, finite(value)]],
            })),
          ),
        ),
      );
    },
  };

  function exported(series: MetricsExport['series']): MetricsExport {
    return { at: new Date(clock.now()).toISOString(), series, slowest: [...metrics.slowest.top(SLOWEST)] };
  }
}

function levelsShown(levels: LogLevels): LogLevelsResource {
  const modules = levels.list().map(({ module, level, isOwn, expiresAt }) => {
    const until = expiresAt === null ? null : new Date(expiresAt).toISOString();
    return [module, { level, own: isOwn, until }] as const;
  });
  return { modules: Object.fromEntries(modules) };
}

function rangeOf({ since, until, step_s: step }: MetricsQuery) {
  return {
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
    ...(step === undefined ? {} : { stepMs: step * 1_000 }),
  };
}

function pastSeries({ times, series }: HistoryPage): MetricsExport['series'] {
  const moments = times.map((time) => new Date(time).toISOString());
  return series.map(({ name, unit, values }) => ({
    name,
    unit,
    labels: {},
    points: moments.map((moment, at) => [moment, values[at] ?? null]),
  }));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
