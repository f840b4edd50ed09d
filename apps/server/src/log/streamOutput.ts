import { fsync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LineOutput } from './lineWriter.ts';

const writeLater = promisify(write);
const sync = promisify(fsync);

/** Standard output (1) or standard error (2), whatever stands behind it: a terminal, a pipe, a file, a journal. */
export function streamOutput(descriptor: 1 | 2): LineOutput {
  return {
    prepare: () => Promise.resolve(),
    write: async (chunk) => (await writeLater(descriptor, chunk)).bytesWritten,
    writeSync: (chunk) => writeSync(descriptor, chunk),
    reopen() {},
    // Terminals and pipes know no fsync.
    close: () => sync(descriptor).catch(() => {}),
  };
}
