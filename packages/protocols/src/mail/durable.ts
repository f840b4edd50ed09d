import { open } from 'node:fs/promises';
import type { Scope } from '@roundhouse/core';

/** Bytes, as they come. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a new file that nobody else may read, and waits until the disk has it. The name is durable when the folder is
 * (`syncFolder`). Rejects with what the file system or the source says, or the reason of the scope.
 */
export async function writeDurably(path: string, chunks: Chunks, scope?: Scope): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      scope?.throwIfEnded();
      for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has the names in a folder. fsync(2), notes */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
