import { parseByteRate, parseBytes, parseDuration } from '@roundhouse/core';
import { z } from 'zod';

/** Texts with a unit, such as `30s` and `512MB`. What they stand for is checked here, and read by `@roundhouse/core`. */

export interface DurationBounds {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Longest duration of a setting: a year. */
const YEAR_MS = 366 * 86_400_000;

export function durationSchema({ fromMs = 0, toMs = YEAR_MS }: DurationBounds = {}) {
  return z
    .string()
    .max(32)
    .refine((text) => within(parseDuration(text), fromMs, toMs), {
      error: `Expected a time such as \`30s\`, \`500ms\` or \`1h30m\`, from ${fromMs} ms to ${toMs} ms`,
    });
}

export function bytesSchema({ from = 1, to = Number.MAX_SAFE_INTEGER } = {}) {
  return z
    .union([z.string().max(32), z.int()])
    .refine((size) => within(typeof size === 'number' ? size : parseBytes(size), from, to), {
      error: 'Expected a size such as `512MB` or `1GiB`',
    });
}

export function byteRateSchema() {
  return z
    .string()
    .max(32)
    .refine((text) => within(parseByteRate(text), 1, Number.MAX_SAFE_INTEGER), {
      error: 'Expected a rate such as `100MB/s`',
    });
}

function within(value: number | undefined, from: number, to: number): boolean {
  return value !== undefined && value >= from && value <= to;
}
