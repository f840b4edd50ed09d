import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding } from '../definition.ts';
import type { Path } from '../path.ts';
import { isSystemError, reasonOf } from '../systemError.ts';

/** Whether this user may write below the directory, or create it. */
export async function checkWritable(path: Path, directory: string): Promise<readonly Finding[]> {
  for (let at = directory; ; at = dirname(at)) {
    try {
      const found = await stat(at);
      if (!found.isDirectory()) return [unwritable(path, directory, 'it is not a directory')];
      await access(at, constants.W_OK | constants.X_OK);
      return [];
    } catch (error) {
      const isMissing = isSystemError(error) && error.code === 'ENOENT' && at !== dirname(at);
      if (!isMissing) return [unwritable(path, directory, reasonOf(error))];
    }
  }
}

function unwritable(path: Path, file: string, reason: string): Finding {
  return { path, code: 'CONFIG_PATH_UNWRITABLE', details: { file, reason } };
}

/** Whether this user can read the file. */
export async function checkReadable(path: Path, file: string): Promise<readonly Finding[]> {
  try {
    if ((await stat(file)).isDirectory()) return [unreadable(path, file, 'it is a directory')];
    await access(file, constants.R_OK);
    return [];
  } catch (error) {
    return [unreadable(path, file, reasonOf(error))];
  }
}

function unreadable(path: Path, file: string, reason: string): Finding {
  return { path, code: 'CONFIG_FILE_UNREADABLE', details: { file, reason } };
}

/** Whether the file can be read by this user and by no others, as a private key should be. */
export async function checkPrivate(path: Path, file: string): Promise<readonly Finding[]> {
  const unread = await checkReadable(path, file);
  if (unread.length > 0) return unread;
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  const details = { file, mode: mode.toString(8).padStart(3, '0') };
  return [{ path, code: 'CONFIG_PERMISSIONS', severity: 'warning', details }];
}
