import type { WorkerInstanceResource, WorkerResource, WorkerState } from '@roundhouse/api';
import { bytesText, percentText, spanText } from './figures.ts';
import { instanceName, isUp } from './state.ts';

/** How limits stand: the worst of them. */
type LimitsState = 'ok' | 'warning' | 'exceeded' | 'unknown';

/** The figures of one instance, or of a worker as a whole. */
export interface WorkerRow {
  readonly name: string;
  readonly state: WorkerState;
  readonly reason: string;
  readonly pid: number | null;
  /** Of one core. */
  readonly cpu_percent: number | null;
  readonly rss_bytes: number | null;
  readonly restarts: number;
  /** Null while it does not run. */
  readonly uptime_ms: number | null;
  /** Null without limits. */
  readonly limits: LimitsState | null;
}

/** A row for each instance, and one for a worker that has none. `nowMs`: ms since 1970. */
export function instanceRows(worker: WorkerResource, nowMs: number): readonly WorkerRow[] {
  const { id, state, reason, instances } = worker;
  if (instances.length > 0)
    return instances.map((each) => ({ name: instanceName(worker, each), ...figuresOf(each, nowMs) }));
  const none = { pid: null, cpu_percent: null, rss_bytes: null, restarts: 0, uptime_ms: null, limits: null };
  return [{ name: id, state, reason, ...none }];
}

/** The instances of a worker together: its youngest decides how long it is up. */
export function workerRow(worker: WorkerResource, nowMs: number): WorkerRow {
  const { id, state, reason } = worker;
  const [first, ...others] = instanceRows(worker, nowMs) as readonly [WorkerRow, ...WorkerRow[]];
  const together = others.reduce<WorkerRow>(
    (all, row) => ({
      ...all,
      cpu_percent: sum(all.cpu_percent, row.cpu_percent),
      rss_bytes: sum(all.rss_bytes, row.rss_bytes),
      restarts: all.restarts + row.restarts,
      uptime_ms: least(all.uptime_ms, row.uptime_ms),
      limits: worst(all.limits, row.limits),
    }),
    first,
  );
  return { ...together, name: id, state, reason, pid: others.length === 0 ? first.pid : null };
}

export const ROW_HEAD = ['NAME', 'STATE', 'PID', 'CPU%', 'MEM', 'RESTARTS', 'UP', 'LIMITS'] as const;

/** The cells of a row, in the order of ROW_HEAD. */
export function rowCells(row: WorkerRow): readonly string[] {
  const { name, state, pid, cpu_percent: cpu, rss_bytes: rss, restarts, uptime_ms: uptime, limits } = row;
  return [
    name,
    state,
    pid === null ? '-' : String(pid),
    cpu === null ? '-' : percentText(cpu),
    rss === null ? '-' : bytesText(rss),
    String(restarts),
    uptime === null ? '-' : spanText(uptime),
    limits ?? '-',
  ];
}

function figuresOf(instance: WorkerInstanceResource, nowMs: number): Omit<WorkerRow, 'name'> {
  const { state, reason, pid, usage, restarts, started_at: startedAt, limits } = instance;
  return {
    state,
    reason,
    pid,
    cpu_percent: usage?.cpu_percent ?? null,
    rss_bytes: usage?.rss_bytes ?? null,
    restarts,
    uptime_ms: startedAt === null || !isUp(instance) ? null : Math.max(0, nowMs - Date.parse(startedAt)),
    limits: limits.map((each) => each.state).reduce<LimitsState | null>(worst, null),
  };
}

const BY_GRAVITY: readonly LimitsState[] = ['ok', 'unknown', 'warning', 'exceeded'];

function worst(a: LimitsState | null, b: LimitsState | null): LimitsState | null {
  if (a === null || b === null) return a ?? b;
  return BY_GRAVITY.indexOf(a) >= BY_GRAVITY.indexOf(b) ? a : b;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b;
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
