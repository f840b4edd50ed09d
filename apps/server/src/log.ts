import type { LogFields, Logger } from '@roundhouse/core';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const STDERR = 2;

/** JSON lines on stderr. Screen contents and tokens are never passed in; the names of secrets are cut all the same. */
export function createLogger(level: LogLevel, destination: DestinationStream = pino.destination(STDERR)): Logger {
  const redact = ['token', 'authorization', 'password', 'key', 'screen_data'];
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact }, destination));
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    child: (fields: LogFields) => wrap(logger.child(fields)),
  };
}
