import { auditError } from '../errors.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The one text that a value has (RFC 8785): keys in order of their UTF-16 code units, numbers and strings as ECMAScript
 * prints them, no white space. A key whose value is undefined is as if absent. Raises AUDIT_ENTRY_INVALID for numbers and
 * strings that JSON has no text for.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid('a finite number');
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  return `{${canonicalMembers(value)}}`;
}

/** The members of an object without its braces. */
export function canonicalMembers(value: JsonObject): string {
  let text = '';
  const keys = Object.keys(value);
  for (const key of isSorted(keys) ? keys : keys.sort()) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${canonicalString(key)}:${canonicalJson(member)}`;
  }
  return text;
}

function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) if ((keys[at - 1] as string) > (keys[at] as string)) return false;
  return true;
}

/** Text that stands as it is between quotes: no quote, backslash, control character, and no surrogate, which may be alone. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** RFC 8785 §3.2.2.2 is what JSON.stringify does, but for halves of surrogate pairs, which have no UTF-8. */
function canonicalString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw invalid('text without halves of surrogate pairs');
  return JSON.stringify(value);
}

/** Array.isArray does not know arrays that are read-only. */
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function invalid(expected: string): Error {
  return auditError('AUDIT_ENTRY_INVALID', { details: { field: 'details', expected } });
}
