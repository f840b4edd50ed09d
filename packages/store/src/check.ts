import type { RoundhouseError } from '@roundhouse/core';
import { storeError } from './errors.ts';

/** Longest name, id, type or code, in UTF-16 code units. */
const MAX_TEXT = 512;
/** Longest JSON of one object, in UTF-16 code units. */
const MAX_JSON = 4_194_304;
const MAX_DEPTH = 100;

function illegal(argument: string, expected: string): RoundhouseError {
  return storeError('ILLEGAL_ARGUMENT', { details: { argument, expected } });
}

/** Text that every back end keeps and finds again as it is: PostgreSQL knows no U+0000, UTF-8 no lone surrogate. */
export function text(argument: string, value: string, least = 1): string {
  if (
    typeof value === 'string' &&
    value.length >= least &&
    value.length <= MAX_TEXT &&
    value.isWellFormed() &&
    !value.includes('\0')
  ) {
    return value;
  }
  throw illegal(argument, `text of ${least} to ${MAX_TEXT} characters, without U+0000 and lone surrogates`);
}

export function whole(argument: string, value: number, from: number, to = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= from && value <= to) return value;
  throw illegal(argument, `a whole number from ${from} to ${to}`);
}

/** A time or duration in ms; may have a fraction. */
export function milliseconds(argument: string, value: number): number {
  if (Number.isFinite(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw illegal(argument, 'a number of milliseconds, not negative');
}

export function oneOf<T extends string>(argument: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw illegal(argument, `one of ${allowed.join(', ')}`);
}

export function list<T>(argument: string, values: readonly T[], most: number): readonly T[] {
  if (Array.isArray(values) && values.length <= most) return values;
  throw illegal(argument, `a list of at most ${most}`);
}

/** JSON of an object, from which `JSON.parse` makes an equal one. Raises ILLEGAL_ARGUMENT for what JSON cannot hold. */
export function json(argument: string, value: unknown): string {
  if (!isPlain(value) || !isJson(value, 0)) {
    throw illegal(argument, `an object of JSON values, at most ${MAX_DEPTH} deep`);
  }
  const encoded = JSON.stringify(value);
  if (encoded.length > MAX_JSON) throw illegal(argument, `at most ${MAX_JSON} characters of JSON`);
  return encoded;
}

function isJson(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  // `Array.from` shows the holes that `every` passes over.
  if (Array.isArray(value)) return Array.from(value).every((item) => isJson(item, depth + 1));
  return isPlain(value) && Object.values(value).every((item) => isJson(item, depth + 1));
}

/** An object as a literal makes it, of any realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
