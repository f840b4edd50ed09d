import type { MetricsExport, MetricsQuery } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { momentBefore, parseDuration } from '../arguments.ts';
import type { Io } from '../io.ts';
import { cellText, printable, table, writeJson } from '../render.ts';

interface MetricsOptions extends ApiOptions {
  readonly name?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly step?: number;
  readonly format: 'table' | 'json' | 'csv';
}

export function metricsCommand(io: Io): Command {
  const command = new Command('metrics')
    .description('show figures of now, or of the last 24 hours')
    .option('--name <prefix...>', 'beginnings of the names wanted, like roundhouse_sessions')
    .option('--since <time>', 'history from here on, like 1h or 2026-01-31T12:00:00Z')
    .option('--until <time>', 'history up to here, like 10m')
    .option('--step <time>', 'distance of the points, like 5m (default 30s)', parseDuration)
    .addOption(
      new Option('--format <format>', 'table shows the last point of each series')
        .choices(['table', 'json', 'csv'])
        .default('table'),
    );
  return withApiOptions(command).action(async ({ format, ...options }: MetricsOptions) => {
    const query = queryOf(options, (io.clock ?? systemClock).now());
    using client = await connect(options, io);
    if (format === 'csv') {
      const csv = await client.exportMetricsCsv(query);
      io.stdout.write(printable(csv.replaceAll('\r\n', '\n'), true));
      return;
    }
    const metrics = await client.exportMetrics(query);
    if (format === 'json' || options.json === true) writeJson(io.stdout, metrics);
    else io.stdout.write(report(metrics));
  });
}

function queryOf(
  { name, since, until, step }: Omit<MetricsOptions, 'format'>,
  nowMs: number,
): Omit<MetricsQuery, 'format'> {
  return {
    ...(name === undefined ? {} : { names: name.join(',') }),
    ...(since === undefined ? {} : { since: momentBefore(nowMs, since) }),
    ...(until === undefined ? {} : { until: momentBefore(nowMs, until) }),
    ...(step === undefined ? {} : { step_s: Math.round(step / 1_000) }),
  };
}

function report({ series, slowest }: MetricsExport): string {
  if (series.length === 0) return 'There are no figures of these names.\n';
  const rows = series.map(({ name, labels, points }) => [name, cellText(labels), cellText(points.at(-1)?.[1])]);
  const figures = table(['NAME', 'LABELS', 'VALUE'], rows);
  if (slowest.length === 0) return figures;
  const slow = slowest.map((each) => [
    each.operation,
    String(each.count),
    milliseconds(each.p99_ms),
    milliseconds(each.max_ms),
  ]);
  return `${figures}\n${table(['SLOWEST', 'COUNT', 'P99', 'LONGEST'], slow)}`;
}

function milliseconds(value: number): string {
  return `${Number(value.toPrecision(3))} ms`;
}
