import { nearest } from '@roundhouse/core';
import { logError } from './errors.ts';
import { LOG_LEVELS, type LogLevel } from './level.ts';

/** What to log: a level for all, and levels for some modules. */
export interface LogFilter {
  readonly level: LogLevel;
  readonly modules: ReadonlyMap<string, LogLevel>;
}

/**
 * Reads `info,sessions:debug,frontDoor:warn`: at most one bare level (default `info`) and any number of `module:level`,
 * parted by commas. Raises LOG_FILTER_INVALID.
 */
export function parseLogFilter(text: string, known: readonly string[]): LogFilter {
  const modules = new Map<string, LogLevel>();
  let level: LogLevel | undefined;
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const colon = part.indexOf(':');
    if (colon < 0) {
      if (level !== undefined) throw invalid(part, 'it is the second level for all modules');
      level = readLevel(part, part, known);
      continue;
    }
    const module = part.slice(0, colon).trim();
    if (!known.includes(module)) throw invalid(part, `there is no module ${module}${orNearest(module, known)}`);
    if (modules.has(module)) throw invalid(part, `${module} has a level already`);
    modules.set(module, readLevel(part.slice(colon + 1).trim(), part));
  }
  return { level: level ?? 'info', modules };
}

function readLevel(name: string, part: string, modules: readonly string[] = []): LogLevel {
  const level = LOG_LEVELS.find((each) => each === name);
  if (level !== undefined) return level;
  if (modules.includes(name)) throw invalid(part, `a module wants a level, like ${name}:debug`);
  throw invalid(part, `a level is one of ${LOG_LEVELS.join(', ')}${orNearest(name, LOG_LEVELS)}`);
}

function orNearest(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function invalid(part: string, reason: string): Error {
  return logError('LOG_FILTER_INVALID', { details: { part: part.slice(0, 100), reason } });
}
