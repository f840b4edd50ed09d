import type { WorkerInstanceResource, WorkerResource } from '@roundhouse/api';
import { spanText } from './figures.ts';

/** States in which a process does its work. */
const UP: ReadonlySet<string> = new Set(['running', 'ready']);

export function isUp({ state }: Pick<WorkerInstanceResource, 'state'>): boolean {
  return UP.has(state);
}

/** `web`, or of a worker with several instances `web/1`. */
export function instanceName({ id, instances }: WorkerResource, { instance }: WorkerInstanceResource): string {
  return instances.length <= 1 && instance === 0 ? id : `${id}/${instance}`;
}

/** How a worker stands and why, in one line. `nowMs`: ms since 1970. */
export function stateText(worker: WorkerResource, nowMs: number): string {
  const { instances, state, reason } = worker;
  // The worst one says what all of them wait for.
  const telling = instances.find((each) => each.state === state && each.reason === reason) ?? instances[0];
  const count = instances.length > 1 ? [`${instances.filter(isUp).length} of ${instances.length} up`] : [];
  return [
    stateWithReason({ state, reason }),
    ...count,
    ...(telling === undefined ? [] : waitTexts(telling, nowMs)),
  ].join(', ');
}

function stateWithReason({ state, reason }: Pick<WorkerResource, 'state' | 'reason'>): string {
  return reason === '' || reason === state ? state : `${state} (${reason})`;
}

function waitTexts(instance: WorkerInstanceResource, nowMs: number): string[] {
  const { blocked_by: blockedBy, message, next_start_at: nextStartAt, last_exit: lastExit } = instance;
  return [
    ...(message === null || isUp(instance) ? [] : [message]),
    ...(blockedBy.length === 0 ? [] : [`waits for ${blockedBy.join(', ')}`]),
    ...(nextStartAt === null ? [] : [`starts in ${spanText(Date.parse(nextStartAt) - nowMs)}`]),
    ...(lastExit === null || isUp(instance) ? [] : [`last exit: ${exitText(lastExit)}`]),
  ];
}

/** `code 1`, `SIGKILL (out_of_memory)`. */
export function exitText({ code, signal, reason }: NonNullable<WorkerInstanceResource['last_exit']>): string {
  const how = code === null ? (signal ?? 'unseen') : `code ${code}`;
  return PLAIN_ENDS.has(reason) ? how : `${how} (${reason})`;
}

/** Reasons that the code or the signal says already. */
const PLAIN_ENDS: ReadonlySet<string> = new Set(['exited', 'signalled']);
