import type { Client, WorkerResource } from '@roundhouse/api';
import { isRoundhouseError, RoundhouseError } from '@roundhouse/core';
import { spanText } from './figures.ts';
import { exitText, instanceName, stateText } from './state.ts';

/** Errors that the state of the worker and its last lines help to understand. */
const EXPLAINED: ReadonlySet<string> = new Set([
  'DEADLINE_EXCEEDED',
  'WORKER_FAILED',
  'WORKER_KILL_FAILED',
  'WORKER_NOT_RUNNING',
  'WORKER_START_FAILED',
]);

/** Lines of its log that are shown. */
const LINES = 10;

/**
 * The same error with what the server knows of the worker that it names, else of `id`, as far as the caller may see it,
 * in `details.evidence`.
 */
export async function withEvidence(
  error: unknown,
  client: Client,
  id: string | undefined,
  nowMs: number,
): Promise<unknown> {
  if (!isRoundhouseError(error) || !EXPLAINED.has(error.code)) return error;
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
  const { code, message, hint, retryable, status, details } = error;
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
