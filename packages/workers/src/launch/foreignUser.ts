import { workerError } from '../errors.ts';
import type { Launch } from '../process/contract.ts';

/** Whoever this process runs as. */
interface Self {
  readonly uid: number;
  readonly gid: number;
}

/** Raises WORKER_START_FAILED for a user whom only root could start a program as. */
export function refuseForeignUser(worker: string, user: Launch['user'], { uid, gid }: Self = self()): void {
  if (user === undefined || uid === 0 || (user.uid === uid && user.gid === gid)) return;
  const reason = `Roundhouse runs as user ${uid} and cannot start programs as ${user.name}: only root can`;
  throw workerError('WORKER_START_FAILED', { details: { worker, stage: 'user', reason } });
}

function self(): Self {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}
