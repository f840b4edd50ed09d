import type { WorkerStatus } from '@roundhouse/workers';
import type { WorkerFigures } from '../metrics/sources.ts';
import { runningOf } from './groups.ts';

/** What metrics tell of a worker; null where nothing is known. */
export function workerFigures(status: WorkerStatus): WorkerFigures {
  const { spec, state, replicas, instances } = status;
  const samples = instances.flatMap(({ sample }) => (sample === undefined ? [] : [sample]));
  const limits = instances.flatMap((each) => each.limits);
  const used = Object.entries(Object.groupBy(limits, ({ limit }) => limit)).map(([limit, statuses]) => ({
    limit,
    ratio: maxOf(statuses.flatMap((each) => (each.used === null ? [] : [each.used / each.value]))),
  }));
  return {
    worker: spec.id,
    state,
    replicas,
    running: runningOf([status]),
    cpuPercent: sumOf(samples.flatMap(({ cpuPercent }) => cpuPercent ?? [])),
    rssBytes: sumOf(samples.map(({ rssBytes }) => rssBytes)),
    logBytes: sumOf(samples.flatMap(({ logBytes }) => logBytes ?? [])),
    told: instances.flatMap(({ id, metrics }) =>
      metrics.map(({ name, labels, value }) => ({ instance: id.number, name: seriesOf(name, labels), value })),
    ),
    limits: used.flatMap(({ limit, ratio }) => (ratio === null ? [] : [{ limit, ratio }])),
  };
}

/** As Prometheus writes it: `requests_total{method="GET"}`. */
function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`;
}

function sumOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((sum, each) => sum + each, 0);
}

function maxOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : Math.max(...numbers);
}
