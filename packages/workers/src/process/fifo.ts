import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '@roundhouse/core';
import { codeOf } from '../limits/kernelFiles.ts';

const run = promisify(execFile);
/** FIFOs that one mkfifo(1) makes. */
const MAX_BATCH = 1_000;
/** One begins no sooner after another, ms: to fork holds this process up for up to 10 ms, however few it is for. */
const MIN_INTERVAL_MS = 50;
/** Longer lines are nobody's of ours. */
const MAX_LINE_LENGTH = 8_192;

/** Makes FIFOs for their owner alone; what is asked for soon after others is made by one process. Raises Node's error. */
export class FifoMaker {
  readonly #clock: Clock;
  #batch: { readonly paths: string[]; readonly done: Promise<void> } | undefined;
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return Promise.resolve();
    if (this.#batch === undefined || this.#batch.paths.length >= MAX_BATCH) {
      const batch: string[] = [];
      const turn = new Promise<void>((resolve) => setImmediate(resolve));
      const begun = Promise.all([turn, this.#last]);
      const done = begun.then(() => {
        if (this.#batch?.paths === batch) this.#batch = undefined;
        return makeAll(batch);
      });
      this.#last = Promise.all([done.catch(() => {}), begun.then(() => this.#interval())]);
      this.#batch = { paths: batch, done };
    }
    this.#batch.paths.push(...paths);
    return this.#batch.done;
  }

  #interval(): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(MIN_INTERVAL_MS, resolve));
  }
}

async function makeAll(paths: readonly string[]): Promise<void> {
  try {
    await run('mkfifo', ['-m', '600', '--', ...paths], { env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    // Another has made it meanwhile.
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.includes('File exists'));
    if (lines.length > 0 || stderr === '') throw new Error(lines[0] ?? String(error), { cause: error });
  }
}

/**
 * Writes a line to whoever reads the FIFO; false when nobody does. A line of up to 4,096 bytes is written whole or not
 * at all (PIPE_BUF, pipe(7)).
 */
export function tell(path: string, line: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(file, `${line}\n`);
    return true;
  } catch (error) {
    if (['ENXIO', 'ENOENT', 'EPIPE', 'EAGAIN'].includes(codeOf(error) ?? '')) return false;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether anybody has the FIFO open to read: who holds it as long as it lives is alive. */
export function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

/** The lines that come through a FIFO. Costs a file descriptor and no thread. */
export class FifoReader {
  readonly #socket: Socket;
  readonly #onLine: (line: string) => void;
  #rest = '';
  #isClosed = false;

  /** Reads what is there already, before it returns. `onEnd`: the last of those who had it open to write is gone. */
  constructor(path: string, onLine: (line: string) => void, onEnd: () => void) {
    this.#onLine = onLine;
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      this.#drain(file);
      this.#socket = new Socket({ fd: file, readable: true, writable: false });
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('utf8')));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      onEnd();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #drain(file: number): void {
    const buffer = Buffer.alloc(4_096);
    try {
      for (let length = 1; length > 0; ) {
        length = readSync(file, buffer);
        this.#take(buffer.toString('utf8', 0, length));
      }
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) if (!this.#isClosed) this.#onLine(line);
  }
}
