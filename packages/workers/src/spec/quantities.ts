import { parseByteRate, parseBytes, parseDuration } from '@roundhouse/core';

/** Quantities of a worker; the schema has checked that they can be read. */

export function durationMs(text: string): number {
  return parseDuration(text) as number;
}

export function bytesOf(size: string | number): number {
  return typeof size === 'number' ? size : (parseBytes(size) as number);
}

export function bytesPerSecond(rate: string): number {
  return parseByteRate(rate) as number;
}
