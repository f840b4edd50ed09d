import type { LogQuery } from './contract.ts';
import { linePattern } from './pattern.ts';

/** Ranks as pino has them, by the names in use: pino, syslog (RFC 5424 §6.2.1), Python, log4j. */
const RANKS: Readonly<Record<string, number>> = {
  trace: 10,
  verbose: 10,
  debug: 20,
  info: 30,
  information: 30,
  informational: 30,
  notice: 35,
  warn: 40,
  warning: 40,
  err: 50,
  error: 50,
  crit: 60,
  critical: 60,
  fatal: 60,
  alert: 60,
  emerg: 60,
  emergency: 60,
  panic: 60,
};
const OPEN_BRACE = 0x7b;
const SPACE = 0x20;

export type LineFilter = (bytes: Uint8Array) => boolean;

/** Whether a line is one that is asked for, by what it says. Raises LOG_PATTERN_INVALID. */
export function lineFilter({ pattern, level, shown }: Pick<LogQuery, 'pattern' | 'level' | 'shown'>): LineFilter {
  const atLevel = level === undefined ? undefined : levelFilter(level);
  if (pattern === undefined) return atLevel ?? (() => true);
  const fits = linePattern(pattern);
  return (bytes) => (atLevel?.(bytes) ?? true) && fits(shown?.(bytes) ?? bytes);
}

function levelFilter(wanted: string): LineFilter {
  const name = wanted.toLowerCase();
  const least = rankOf(name);
  return (bytes) => {
    const level = levelOf(bytes);
    if (level === undefined) return false;
    const rank = typeof level === 'number' ? level : rankOf(level);
    return least === undefined || rank === undefined ? level === name : rank >= least;
  };
}

function rankOf(name: string): number | undefined {
  return Object.hasOwn(RANKS, name) ? RANKS[name] : /^\d{1,5}$/.test(name) ? Number(name) : undefined;
}

/** `level` of a line that is a JSON object; names in small letters. */
function levelOf(bytes: Uint8Array): number | string | undefined {
  let first = 0;
  while (bytes[first] === SPACE) first += 1;
  if (bytes[first] !== OPEN_BRACE) return undefined;
  const text = textOf(bytes);
  if (!text.includes('"level"')) return undefined;
  try {
    const { level } = JSON.parse(text) as { readonly level?: unknown };
    return typeof level === 'string' ? level.toLowerCase() : typeof level === 'number' ? level : undefined;
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
