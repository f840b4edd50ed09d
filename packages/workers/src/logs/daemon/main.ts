import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '@roundhouse/core';
import { keepingDirectory } from '../keeping.ts';
import { claim } from './claim.ts';
import { LogDaemon } from './daemon.ts';

/*
 * The log daemon: `node main.ts RUN_DIRECTORY LOG_DIRECTORY`. It goes on until it is told to end or killed; when another
 * one keeps the directory already, it ends at once. What goes wrong is told on stderr, a JSON object a line.
 */

/** As the system clock of the core, whose other modules would double what this process adds to Node. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

const [runDirectory, logDirectory] = process.argv.slice(2);
if (runDirectory === undefined || logDirectory === undefined) {
  process.stderr.write('usage: main RUN_DIRECTORY LOG_DIRECTORY\n');
  process.exit(2);
}
// One thread for fsync and watches is enough, and has one stack instead of four.
process.env['UV_THREADPOOL_SIZE'] = '1';

let daemon: LogDaemon | undefined;
const end = (): void => {
  daemon?.close();
  process.exit(0);
};
if (claim(keepingDirectory(resolve(runDirectory)), process.pid)) {
  daemon = new LogDaemon(
    { runDirectory: resolve(runDirectory), logDirectory: resolve(logDirectory) },
    {
      clock,
      onFault: tell,
      onGone: end,
      collect: () => globalThis.gc?.({ type: 'minor' }),
      giveBack: () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
    },
  );
  daemon.start();
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // Whoever started it may go, and a terminal with it.
  process.on('SIGHUP', () => {});
}

function tell(what: string, fault: unknown): void {
  const time = new Date(clock.now()).toISOString();
  const line =
    fault === undefined
      ? { time, level: 'info', message: 'The log is written again', file: what }
      : {
          time,
          level: 'error',
          message: 'The log cannot be kept',
          file: what,
          reason: fault instanceof Error ? fault.message : 'unknown',
        };
  try {
    writeSync(process.stderr.fd, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads it: no reason to stop keeping output.
  }
}
