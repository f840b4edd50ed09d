import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bound of one walk: beyond it the size is that of what was seen, at least. */
const MAX_ENTRIES = 10_000;
const BLOCK_BYTES = 512;

/** What the files below a directory take on the disk; links are not followed. Null when there is no such directory. */
export async function directoryBytes(directory: string): Promise<number | null> {
  const pending = [directory];
  let [bytes, entries] = [0, 0];
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    try {
      for await (const entry of await opendir(each)) {
        if (++entries > MAX_ENTRIES) return bytes;
        const path = join(each, entry.name);
        if (entry.isDirectory()) pending.push(path);
        bytes += await blocksOf(path);
      }
    } catch {
      if (each === directory) return null;
    }
  }
  return bytes;
}

async function blocksOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).blocks * BLOCK_BYTES;
  } catch {
    return 0;
  }
}
