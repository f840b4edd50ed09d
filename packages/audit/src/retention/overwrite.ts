import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RetentionFiles } from './files.ts';
import type { Medium } from './medium.ts';

const CHUNK_BYTES = 1_048_576;
/** Ends the name of a file that is being overwritten: nobody takes it for a segment any more. */
const WIPED = '.wiped';

/**
 * What records say of files that were overwritten before they were removed. The pattern is that of DoD 5220.22-M, which its own
 * authority gave up; NIST SP 800-88 Rev. 2 asks for one pass, and for another method where the medium is none for it.
 */
export interface OverwriteFacts {
  readonly method: 'overwrite (legacy, DoD 5220.22-M pattern)';
  readonly passes: number;
  readonly medium: Medium;
}

export function overwriteFacts(passes: number, medium: Medium): OverwriteFacts {
  return { method: 'overwrite (legacy, DoD 5220.22-M pattern)', passes, medium };
}

/** Zeros, ones, random bytes, and so on; random ones last. */
export function patternOf(pass: number, passes: number): 0x00 | 0xff | 'random' {
  if (pass === passes - 1) return 'random';
  return ([0x00, 0xff, 'random'] as const)[pass % 3] ?? 'random';
}

/** Overwrites a file in its place, each pass durable before the next, and removes it. Raises Node's errors. */
export async function wipe(path: string, passes: number, files: RetentionFiles): Promise<void> {
  const wiped = path.endsWith(WIPED) ? path : `${path}${WIPED}`;
  if (wiped !== path) await files.rename(path, wiped);
  await files.syncDirectory(dirname(path));
  for (let pass = 0; pass < passes; pass++) await fill(wiped, patternOf(pass, passes));
  await files.remove(wiped);
}

/** Ends what a crash has interrupted. */
export async function wipeRest(directory: string, passes: number, files: RetentionFiles): Promise<void> {
  for (const name of await files.list(directory)) {
    if (name.endsWith(WIPED)) await wipe(join(directory, name), passes, files);
  }
}

async function fill(path: string, pattern: ReturnType<typeof patternOf>): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size), pattern === 'random' ? 0 : pattern);
  for (let at = 0; at < size; ) {
    if (pattern === 'random') randomBytes(chunk.length).copy(chunk);
    at += (await file.write(chunk, 0, Math.min(chunk.length, size - at), at)).bytesWritten;
  }
  await file.sync();
}
