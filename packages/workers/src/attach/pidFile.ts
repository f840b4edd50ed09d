import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What somebody has written about a process, and who. */
export interface PidFile {
  /** 2 or more. */
  readonly pid: number;
  /** User number. */
  readonly owner: number;
  /** Wall clock, ms; never later than the writing of `pid`. */
  readonly writtenAt: number;
}

/** A number, and what some programs write after it. */
const MAX_BYTES = 256;

/** Undefined when it is not there, may not be read, or names no process that could be meant. */
export async function readPidFile(path: string): Promise<PidFile | undefined> {
  let file: FileHandle | undefined;
  try {
    // Opened once: a file that takes its place meanwhile must not lend it its time. A FIFO holds nobody up.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const info = await file.stat();
    if (!info.isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    const pid = Number(/^\s*(\d{1,10})(?:\s|$)/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]);
    return pid > 1 ? { pid, owner: info.uid, writtenAt: info.mtimeMs } : undefined;
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
