import type { Client, WorkerResource } from '@roundhouse/api';
import { isRoundhouseError, nearest, RoundhouseError, systemClock } from '@roundhouse/core';
import type { Io } from '../io.ts';
import { allPages } from '../pages.ts';
import { allWorkers } from './all.ts';
import { spanText } from './figures.ts';
import { exitText, instanceName, stateText } from './state.ts';

/** Errors that the state of the worker and its last lines help to understand. */
const EXPLAINED: ReadonlySet<string> = new Set([
  'DEADLINE_EXCEEDED',
  'WORKER_ENDED',
  'WORKER_FAILED',
  'WORKER_KILL_FAILED',
  'WORKER_NOT_RUNNING',
  'WORKER_START_FAILED',
]);

const GOES_ON =
  'What was asked for goes on: "roundhouse worker describe" shows how far it is, and --timeout waits longer.';

/** Lines of its log that are shown. */
const LINES = 10;

/**
 * Does something to a worker, or to several of them (`id` undefined). What it raises says what the server knows of the
 * worker that it names, as far as the caller may see it, in `details.evidence`; and of one that there is not, which may
 * have been meant.
 */
export async function explained<T>(
  client: Client,
  id: string | undefined,
  { clock }: Io,
  work: () => Promise<T>,
  isExplained: (code: string) => boolean = (code) => EXPLAINED.has(code),
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    if (error.code === 'WORKER_NOT_FOUND' && id !== undefined) throw await withNearest(error, client, id);
    if (isExplained(error.code)) throw await withEvidence(error, client, id, (clock ?? systemClock).now());
    throw error;
  }
}

/** Does something to a group: of one that there is not, it is said which may have been meant. */
export async function explainedGroup<T>(client: Client, group: string, io: Io, work: () => Promise<T>): Promise<T> {
  try {
    return await explained(client, undefined, io, work);
  } catch (error) {
    if (!isRoundhouseError(error) || error.code !== 'WORKER_GROUP_NOT_FOUND') throw error;
    const groups = await allPages((query) => client.workers.listGroups(query)).catch(() => []);
    const ids = groups.map(({ id }) => id);
    throw hinted(error, nearest(group, ids), '"roundhouse worker group list" shows those there are.');
  }
}

function hinted(error: RoundhouseError, near: string | undefined, otherwise: string): RoundhouseError {
  const { code, message, retryable, status, details } = error;
  const hint = near === undefined ? otherwise : `There is "${near}".`;
  return new RoundhouseError(code, { message, hint, retryable, status }, { details, cause: error });
}

async function withNearest(error: RoundhouseError, client: Client, id: string): Promise<RoundhouseError> {
  const workers = await allWorkers(client, undefined).catch(() => []);
  const near = nearest(
    id,
    workers.map((each) => each.id),
  );
  return hinted(error, near, error.hint);
}

async function withEvidence(
  error: RoundhouseError,
  client: Client,
  id: string | undefined,
  nowMs: number,
): Promise<RoundhouseError> {
  const { worker: named } = error.details;
  // The supervisor may name an instance of it: `web/0`.
  const culprit = typeof named === 'string' ? (named.split('/')[0] as string) : id;
  const worker = culprit === undefined ? undefined : await client.getResource('worker', culprit).catch(() => undefined);
  if (worker === undefined || culprit === undefined) return error;
  const lines = await client.workers.logLines([culprit], { limit: LINES }).catch(() => []);
  const evidence = [
    `${culprit} is ${stateText(worker, nowMs)}`,
    ...exits(worker, nowMs),
    ...(lines.length === 0 ? ['it has written nothing'] : ['its last lines:']),
    ...lines.map(({ stream, text }) => `  ${stream}: ${text}`),
  ];
  const { code, message, retryable, status, details } = error;
  const hint = code === 'DEADLINE_EXCEEDED' ? GOES_ON : error.hint;
  return new RoundhouseError(
    code,
    { message, hint, retryable, status },
    { details: { ...details, evidence }, cause: error },
  );
}

function exits(worker: WorkerResource, nowMs: number): string[] {
  return worker.instances.flatMap((instance) => {
    const { last_exit: exit } = instance;
    if (exit === null) return [];
    return [`${instanceName(worker, instance)} ended ${spanText(nowMs - Date.parse(exit.at))} ago: ${exitText(exit)}`];
  });
}
