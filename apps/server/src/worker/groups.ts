import type { WorkerGroup, WorkerState } from '@roundhouse/api';
import { type WorkerStatus, WORST_STATES } from '@roundhouse/workers';

const UP: ReadonlySet<WorkerState> = new Set(['running', 'ready']);

/** The groups that workers name, by id, with the workers of each. */
export function workerGroups(workers: readonly WorkerStatus[]): ReadonlyMap<string, readonly WorkerStatus[]> {
  const named = workers.filter(({ spec }) => spec.group !== undefined);
  const groups = Map.groupBy(named, ({ spec }) => spec.group as string);
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `members`: one at least. */
export function groupShown(id: string, members: readonly WorkerStatus[]): WorkerGroup {
  const states = new Set(members.map(({ state }) => state));
  return {
    id,
    state: WORST_STATES.find((state) => states.has(state)) ?? 'unknown',
    workers: members.map(({ spec }) => spec.id).sort(),
    replicas: sum(members.map(({ replicas }) => replicas)),
    running: runningOf(members),
  };
}

/** Instances that run, ready or not. */
export function runningOf(workers: readonly WorkerStatus[]): number {
  return sum(workers.map(({ instances }) => instances.filter(({ state }) => UP.has(state)).length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
