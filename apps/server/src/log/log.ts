import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock, Logger } from '@roundhouse/core';
import { parseLogFilter } from './filter.ts';
import { LogLevels } from './levels.ts';
import { LineWriter, type LineOutput, type LineWriterStatus } from './lineWriter.ts';
import { createLogger, type LineCounts, type LineDestination, noLines } from './logger.ts';
import { maskedLines } from './maskedLines.ts';
import { LOG_MODULES } from './modules.ts';
import { prettyDestination } from './pretty.ts';
import { RecentLines } from './recentLines.ts';
import { RotatingFile, type RotationOptions } from './rotatingFile.ts';
import { streamOutput } from './streamOutput.ts';

export interface LogOptions {
  /** Levels, as `ROUNDHOUSE_LOG` has them. Default `info`. */
  readonly filter?: string;
  /** Default stderr. */
  readonly to?: 'stdout' | 'stderr' | LogFile;
  /** `auto` is for people on a terminal, JSON elsewhere. Default auto. */
  readonly format?: 'auto' | 'json' | 'pretty';
  /** See `LoggerOptions`. */
  readonly redactPaths?: readonly string[];
  /** Whether numbers of cards and social security numbers are hidden in all lines. Default false. */
  readonly masksNumbers?: boolean;
  /** See `LineWriterOptions`. */
  readonly maxBuffered?: number;
}

interface LogFile {
  readonly path: string;
  readonly rotation?: RotationOptions;
}

/** The log of a process. */
export interface Log extends AsyncDisposable {
  readonly logger: Logger;
  readonly levels: LogLevels;
  /** Lines written since the start, by level. */
  readonly counts: Readonly<LineCounts>;
  /** See `LogOptions`. */
  readonly masksNumbers: boolean;
  /** The last lines as JSON, oldest first. */
  recent(): readonly string[];
  status(): LineWriterStatus;
  /** After something else has moved the file: SIGHUP does this. */
  reopen(): void;
  /** Writes what is left. Idempotent. */
  close(): Promise<void>;
}

const STDERR = 2;

/**
 * Opens the log. What is logged before the process ends is written, however it ends, but for SIGKILL, which takes what
 * came in the last few milliseconds. Raises LOG_FILTER_INVALID, LOG_FILE_UNUSABLE.
 */
export async function openLog(options: LogOptions, deps: { readonly clock: Clock }): Promise<Log> {
  const { to = 'stderr', format = 'auto', filter = 'info' } = options;
  const { clock } = deps;
  const levels = new LogLevels(parseLogFilter(filter, LOG_MODULES), LOG_MODULES, clock);
  const writer = new LineWriter(await outputOf(to, clock), { clock, onTrouble: tellOnStderr }, options);
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal(to));
  const out = isPretty ? await prettyDestination(writer) : writer;
  const recent = new RecentLines();
  const counts = noLines();
  const { redactPaths = [], masksNumbers = false } = options;
  const destination = masksNumbers ? maskedLines(both(out, recent)) : both(out, recent);
  const flush = (): void => writer.flushSync();
  process.on('exit', flush);
  const close = async (): Promise<void> => {
    levels.close();
    await writer.close();
    process.off('exit', flush);
  };
  return {
    logger: createLogger({ levels, destination, clock, counts, redactPaths }),
    levels,
    counts,
    masksNumbers,
    recent: () => recent.list(),
    status: () => writer.status,
    reopen: () => writer.reopen(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function outputOf(to: NonNullable<LogOptions['to']>, clock: Clock): LineOutput | Promise<LineOutput> {
  if (to === 'stdout') return streamOutput(1);
  if (to === 'stderr') return streamOutput(2);
  return RotatingFile.open(to.path, to.rotation ?? {}, { clock, onTrouble: tellOnStderr });
}

function isTerminal(to: NonNullable<LogOptions['to']>): boolean {
  return typeof to === 'string' && isatty(to === 'stdout' ? 1 : STDERR);
}

function both(first: LineDestination, second: LineDestination): LineDestination {
  return {
    write(line) {
      first.write(line);
      second.write(line);
    },
  };
}

/** The one place left when the log itself fails. */
function tellOnStderr(message: string): void {
  try {
    writeSync(STDERR, `roundhouse: ${message}\n`);
  } catch {
    // Nobody is there to hear it.
  }
}
