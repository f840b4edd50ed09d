import type { Clock, LogFields, Logger } from '@roundhouse/core';
import { type Logger as PinoLogger, pino } from 'pino';
import { LEVEL_NUMBERS, type LineLevel } from './level.ts';
import type { LogLevels, Threshold } from './levels.ts';
import { MASK, redactFields } from './redact.ts';

/** Takes finished lines, each with its line feed. */
export interface LineDestination {
  write(line: string): void;
}

/** Lines that were written, by level. */
export type LineCounts = Record<LineLevel, number>;

export interface LoggerOptions {
  readonly levels: LogLevels;
  readonly destination: LineDestination;
  readonly clock: Clock;
  /** Counted up with each line. */
  readonly counts?: LineCounts;
  /** Values to mask besides those that their name or type gives away, as pino writes paths: `request.headers.*`. */
  readonly redactPaths?: readonly string[];
}

export function noLines(): LineCounts {
  return { debug: 0, info: 0, warn: 0, error: 0 };
}

/**
 * JSON lines, one a message. The field `module` of a child gives it the level of that module; a line below its level
 * costs one comparison.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { levels, destination, clock, redactPaths = [] } = options;
  const lines = pino(
    {
      // The modules' own levels decide; pino takes whatever is left.
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      ...(redactPaths.length > 0 && { redact: { paths: [...redactPaths], censor: MASK } }),
    },
    destination,
  );
  const counts = options.counts ?? noLines();
  return new ModuleLogger({ levels, counts }, levels.thresholdOf(undefined), () => lines);
}

interface Shared {
  readonly levels: LogLevels;
  readonly counts: LineCounts;
}

class ModuleLogger implements Logger {
  readonly #shared: Shared;
  readonly #threshold: Threshold;
  /** Makes the pino logger with the bindings: most children never write a line. */
  readonly #make: () => PinoLogger;
  #lines: PinoLogger | undefined;

  constructor(shared: Shared, threshold: Threshold, make: () => PinoLogger) {
    this.#shared = shared;
    this.#threshold = threshold;
    this.#make = make;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#threshold.least <= LEVEL_NUMBERS.debug) this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#threshold.least <= LEVEL_NUMBERS.info) this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#threshold.least <= LEVEL_NUMBERS.warn) this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    if (this.#threshold.least <= LEVEL_NUMBERS.error) this.#write('error', message, fields);
  }

  child(fields: LogFields): Logger {
    const { module } = fields;
    const threshold = typeof module === 'string' ? this.#shared.levels.thresholdOf(module) : this.#threshold;
    return new ModuleLogger(this.#shared, threshold, () => this.#pino().child(redactFields(fields)));
  }

  #write(level: LineLevel, message: string, fields: LogFields | undefined): void {
    this.#shared.counts[level]++;
    if (fields === undefined) this.#pino()[level](message);
    else this.#pino()[level](redactFields(fields), message);
  }

  #pino(): PinoLogger {
    return (this.#lines ??= this.#make());
  }
}
