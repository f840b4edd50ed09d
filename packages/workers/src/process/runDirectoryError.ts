import { RoundhouseError } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { codeOf } from '../limits/kernelFiles.ts';

/** Codes of the system that say the disk is to blame, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'it is mounted read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EIO: 'the disk cannot be read or written',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'a directory is in the place of a file',
  EMFILE: 'this process has no file descriptors left',
  ENFILE: 'this machine has no file descriptors left',
};

const MORE_DESCRIPTORS =
  'Allow it more: LimitNOFILE of the service, or ulimit -n in a shell. What runs goes on; nothing new can be started until then.';

/** The next step, where it is another than that of a disk. */
const HINTS: Readonly<Record<string, string>> = { EMFILE: MORE_DESCRIPTORS, ENFILE: MORE_DESCRIPTORS };

/** WORKER_RUN_DIRECTORY for whatever went wrong in it; what has a code of ours already stays as it is. */
export function runDirectoryError(directory: string, cause: unknown): RoundhouseError {
  if (cause instanceof RoundhouseError) return cause;
  // Tools say it in words.
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = codeOf(cause) ?? (/No space left/.test(text) ? 'ENOSPC' : /Read-only/.test(text) ? 'EROFS' : '');
  const details = { directory, reason: REASONS[code] ?? text };
  const hint = HINTS[code];
  return workerError('WORKER_RUN_DIRECTORY', { details, cause, ...(hint !== undefined && { hint }) });
}
