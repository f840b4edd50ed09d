import { open, readdir, readlink } from 'node:fs/promises';
import { isSystemError } from './systemError.ts';

/** The file system, as far as a configuration needs it. Failures are those of Node, with `code`. */
export interface Files {
  /** At most `maxBytes + 1` bytes: one more than allowed tells that there are too many. */
  read(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Names in a directory, in any order. */
  list(directory: string): Promise<readonly string[]>;
  /** Where a symbolic link leads, as it is written; undefined for what is no link or does not exist. */
  link(path: string): Promise<string | undefined>;
}

export const systemFiles: Files = {
  async read(path, maxBytes) {
    await using file = await open(path, 'r');
    const chunks: Uint8Array[] = [];
    let size = 0;
    // Not by size: pipes (`<(…)`) and files of /proc have none.
    while (size <= maxBytes) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(65_536, maxBytes + 1 - size)));
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
    return Buffer.concat(chunks);
  },
  list: (directory) => readdir(directory),
  async link(path) {
    try {
      return await readlink(path);
    } catch (error) {
      if (isSystemError(error) && ['EINVAL', 'ENOENT', 'ENOTDIR'].includes(error.code)) return undefined;
      throw error;
    }
  },
};
