import { WORKER_STATES } from '@roundhouse/api';
import type { Mirror } from './mirrors.ts';
import type { MetricSources, WorkerFigures } from './sources.ts';

/** Workers that have series of their own. */
export const MAX_WORKERS = 2_000;
/** Limits that each of them may have. */
const LIMITS = 16;
/** Series that workers tell of themselves, together. */
const MAX_TOLD = 5_000;

/** What supervised programs are and take. */
export const WORKER_MIRRORS: readonly Mirror[] = [
  {
    type: 'gauge',
    name: 'roundhouse_workers',
    help: 'Workers by state, that of their worst instance.',
    labels: ['state'],
    read: ({ workers }) => {
      if (workers === undefined) return [];
      const states = workers().map(({ state }) => state);
      return WORKER_STATES.map((state) => ({
        labels: { state },
        value: states.filter((each) => each === state).length,
      }));
    },
  },
  gauge('roundhouse_worker_replicas', 'Instances that a worker is to have.', ({ replicas }) => replicas),
  gauge('roundhouse_worker_running', 'Instances of a worker that run, ready or not.', ({ running }) => running),
  gauge(
    'roundhouse_worker_cpu_percent',
    'Processor time that a worker takes, in percent of one core.',
    ({ cpuPercent }) => cpuPercent,
  ),
  gauge('roundhouse_worker_memory_bytes', 'Resident memory of a worker.', ({ rssBytes }) => rssBytes),
  gauge('roundhouse_worker_log_bytes', 'Bytes that are kept of what a worker has written.', ({ logBytes }) => logBytes),
  {
    type: 'gauge',
    name: 'roundhouse_worker_limit_ratio',
    help: 'Share of a limit that a worker uses, by the instance that uses most; above 1 it is exceeded.',
    labels: ['worker', 'limit'],
    maxSeries: LIMITS * MAX_WORKERS,
    read: (sources) =>
      workersOf(sources).flatMap(({ worker, limits }) =>
        limits.map(({ limit, ratio }) => ({ labels: { worker, limit }, value: ratio })),
      ),
  },
  {
    type: 'gauge',
    name: 'roundhouse_worker_metric',
    help: 'What an integrated worker tells of itself, by the name and labels that it has there.',
    labels: ['worker', 'instance', 'metric'],
    maxSeries: MAX_TOLD,
    read: (sources) =>
      workersOf(sources).flatMap(({ worker, told }) =>
        told.map(({ instance, name, value }) => ({
          labels: { worker, instance: String(instance), metric: name },
          value,
        })),
      ),
  },
];

function gauge(name: string, help: string, value: (figures: WorkerFigures) => number | null): Mirror {
  return {
    type: 'gauge',
    name,
    help,
    labels: ['worker'],
    maxSeries: MAX_WORKERS,
    read: (sources) =>
      workersOf(sources).flatMap((figures) => {
        const now = value(figures);
        return now === null ? [] : [{ labels: { worker: figures.worker }, value: now }];
      }),
  };
}

function workersOf({ workers }: MetricSources): readonly WorkerFigures[] {
  return workers?.() ?? [];
}
