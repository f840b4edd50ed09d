import type { WorkerInstanceResource, WorkerResource } from '@roundhouse/api';
import { cellText, facts, table } from '../render.ts';
import { LIMITS_HEAD, limitCells } from './limits.ts';
import { instanceRows, ROW_HEAD, rowCells } from './rows.ts';
import { spanText } from './figures.ts';
import { exitText, instanceName, stateText } from './state.ts';

/** All there is to know of a worker. `nowMs`: ms since 1970. */
export function workerReport(worker: WorkerResource, nowMs: number): string {
  const { id, description, type, enabled, command, group, replicas, labels, spec, instances } = worker;
  const { version, origin, created_at, updated_at } = worker;
  const of = (one: WorkerInstanceResource): string => instanceName(worker, one);
  const parts = [
    facts({
      worker: id,
      description,
      state: stateText(worker, nowMs),
      type,
      enabled,
      command:
        command !== null ? commandText(command) : type === 'unmanaged' ? null : 'none: there is nothing to start',
      group,
      replicas,
      labels: Object.keys(labels).length === 0 ? null : cellText(labels),
    }),
    instanceTable(worker, nowMs),
    probeTable(instances, of, nowMs),
    tableOf(
      ['INSTANCE', ...LIMITS_HEAD],
      instances.flatMap((one) => one.limits.map((limit) => [of(one), ...limitCells(limit)])),
    ),
    tableOf(
      ['INSTANCE', 'METRIC', 'VALUE', 'LABELS', 'HELP'],
      instances.flatMap((one) =>
        one.metrics.map(({ name, value, labels: own, help }) => [of(one), name, String(value), cellText(own), help]),
      ),
    ),
    facts({ spec: otherFields(spec), version, origin, created_at, updated_at }),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** Fields of a specification that stand above already. */
const SHOWN: ReadonlySet<string> = new Set([
  'id',
  'description',
  'type',
  'enabled',
  'command',
  'group',
  'replicas',
  'labels',
]);

function otherFields(spec: WorkerResource['spec']): WorkerResource['spec'] {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !SHOWN.has(name)));
}

function instanceTable(worker: WorkerResource, nowMs: number): string {
  const rows = worker.instances.length === 0 ? [] : instanceRows(worker, nowMs);
  return tableOf(
    [...ROW_HEAD, 'REASON', 'LAST EXIT'],
    rows.map((row, index) => {
      const exit = worker.instances[index]?.last_exit ?? null;
      const last = exit === null ? '-' : `${exitText(exit)}, ${ago(exit.at, nowMs)}`;
      return [...rowCells(row), row.reason, last];
    }),
  );
}

function probeTable(
  instances: readonly WorkerInstanceResource[],
  of: (one: WorkerInstanceResource) => string,
  nowMs: number,
): string {
  const rows = instances.flatMap((one) =>
    (['startup', 'readiness', 'liveness'] as const).flatMap((role) => {
      const probe = one.health[role];
      if (probe === null) return [];
      const { status, failures, checked_at: checkedAt, steps, code, message } = probe;
      const step = steps.at(-1)?.name ?? '-';
      const checked = checkedAt === null ? '-' : ago(checkedAt, nowMs);
      return [[of(one), role, status, String(failures), checked, step, code ?? '-', message ?? '-']];
    }),
  );
  return tableOf(['INSTANCE', 'PROBE', 'STATUS', 'FAILURES', 'CHECKED', 'STEP', 'CODE', 'MESSAGE'], rows);
}

function tableOf(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return rows.length === 0 ? '' : table(head, rows);
}

function ago(at: string, nowMs: number): string {
  return `${spanText(nowMs - Date.parse(at))} ago`;
}

/** As a shell would take it. */
function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
