import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@roundhouse/core';
import type { AppendFile, JournalFiles } from '../files.ts';

/** Changes the attributes of files, as chattr(1) has them; rejects with what it says. */
export type ChangeAttributes = (change: '+a' | '+i' | '-ai', paths: readonly string[]) => Promise<void>;

const SEGMENT = /\d{8}\.seg$/;
/** Files that one chattr gets. */
const AT_ONCE = 500;

/**
 * The disk, where nobody without CAP_LINUX_IMMUTABLE can change what is written in segments: the open one can only be
 * added to (FS_APPEND_FL), closed ones not be changed at all (FS_IMMUTABLE_FL), ioctl_iflags(2). What the journal itself
 * has to cut or remove is unlocked for that. Where the file system or the process cannot, that is logged once, and all
 * goes on without.
 */
export async function openLockedFiles(
  files: JournalFiles,
  directory: string,
  log: Logger,
  change: ChangeAttributes = changeByChattr,
): Promise<JournalFiles> {
  let isRefused = false;
  const lock = async (flag: '+a' | '+i', paths: readonly string[]): Promise<void> => {
    if (isRefused) return;
    try {
      await change(flag, paths);
    } catch (error) {
      isRefused = true;
      log.warn('segments of the audit journal cannot be locked with chattr', { reason: String(error) });
    }
  };
  const unlocked = async (path: string, act: () => Promise<void>): Promise<boolean> => {
    try {
      await act();
      return false;
    } catch (error) {
      if (!SEGMENT.test(path) || !isNotPermitted(error)) throw error;
      await change('-ai', [path]);
      await act();
      return true;
    }
  };

  await files.makeDirectory(directory);
  // None of them is written on: each opening begins another.
  const closed = (await files.list(directory))
    .filter((name) => SEGMENT.test(name))
    .map((name) => resolve(directory, name));
  for (let at = 0; at < closed.length; at += AT_ONCE) await lock('+i', closed.slice(at, at + AT_ONCE));
  return {
    ...files,
    async append(path, existing) {
      const file = await files.append(path, existing);
      if (!SEGMENT.test(path)) return file;
      await lock('+a', [path]);
      return lockedAtEnd(file, () => lock('+i', [path]));
    },
    async truncate(path, length) {
      if (await unlocked(path, () => files.truncate(path, length))) await lock('+i', [path]);
    },
    async remove(path) {
      await unlocked(path, () => files.remove(path));
    },
  };
}

function lockedAtEnd(file: AppendFile, lock: () => Promise<void>): AppendFile {
  let closing: Promise<void> | undefined;
  return {
    write: (bytes) => file.write(bytes),
    sync: () => file.sync(),
    close: () => (closing ??= file.close().then(lock)),
  };
}

/** By chattr of e2fsprogs, which every Linux has; there is no call for it in Node. */
const changeByChattr: ChangeAttributes = async (change, paths) => {
  await promisify(execFile)('chattr', [change, ...paths.map((path) => resolve(path))]);
};

/** Node's `rm` takes what cannot be unlinked for a directory, and says ENOTDIR for EPERM. */
function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'ENOTDIR');
}
