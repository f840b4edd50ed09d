import type { WorkerState } from '@roundhouse/api';
import type { WorkerRow } from '../worker/rows.ts';

/** What the table can be sorted by. */
export const ORDERS = ['cpu', 'memory', 'restarts', 'uptime', 'state', 'name'] as const;
export type Order = (typeof ORDERS)[number];

/** What wants to be looked at first. */
export const BY_GRAVITY: readonly WorkerState[] = [
  'failed',
  'unknown',
  'restarting',
  'starting',
  'stopping',
  'running',
  'ready',
  'stopped',
];

/** `web/2` before `web/10`. */
const NAMES = new Intl.Collator('en', { numeric: true });

type Compare = (a: WorkerRow, b: WorkerRow) => number;

const COMPARE: Readonly<Record<Order, Compare>> = {
  cpu: most((row) => row.cpu_percent),
  memory: most((row) => row.rss_bytes),
  restarts: most((row) => row.restarts),
  uptime: (a, b) => (a.uptime_ms ?? Infinity) - (b.uptime_ms ?? Infinity) || 0,
  state: (a, b) => BY_GRAVITY.indexOf(a.state) - BY_GRAVITY.indexOf(b.state),
  name: (a, b) => NAMES.compare(a.name, b.name),
};

/** Most first; of times the shortest, of states the worst. What is alike stands by its name, also in reverse. */
export function inOrder(rows: readonly WorkerRow[], order: Order, isReversed: boolean): readonly WorkerRow[] {
  const compare = COMPARE[order];
  const sign = isReversed ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(a, b) || NAMES.compare(a.name, b.name));
}

function most(valueOf: (row: WorkerRow) => number | null): Compare {
  return (a, b) => (valueOf(b) ?? -1) - (valueOf(a) ?? -1);
}
