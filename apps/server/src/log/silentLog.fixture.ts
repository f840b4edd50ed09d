import { silentLogger, systemClock } from '@roundhouse/core';
import { parseLogFilter } from './filter.ts';
import { LogLevels } from './levels.ts';
import type { Log } from './log.ts';
import { noLines } from './logger.ts';
import { LOG_MODULES } from './modules.ts';

/** A log for tests: nothing is written, levels can be set. */
export function silentLog(masksNumbers = false): Pick<Log, 'logger' | 'levels' | 'counts' | 'masksNumbers'> {
  const levels = new LogLevels(parseLogFilter('info', LOG_MODULES), LOG_MODULES, systemClock);
  return { logger: silentLogger, levels, counts: noLines(), masksNumbers };
}
