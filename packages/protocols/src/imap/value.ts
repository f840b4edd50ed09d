import type { ImapValue } from './response.ts';

/** The server said something of another form than the RFC gives it. Whoever reads the connection makes it a NetError. */
export class UnexpectedForm extends Error {
  override readonly name = 'UnexpectedForm';
}

export function unexpected(what: string): UnexpectedForm {
  return new UnexpectedForm(`its ${what} is not of the form of RFC 9051`);
}

/** The text of an atom or a string; null for NIL. What is not UTF-8 gets replacement characters. */
export function textOf(value: ImapValue | undefined, what: string): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  throw unexpected(what);
}

export function numberOf(value: ImapValue | undefined, what: string): number {
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw unexpected(what);
}

/** RFC 7162 §7: 63 bits. */
export function bigOf(value: ImapValue | undefined, what: string): bigint {
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value);
  throw unexpected(what);
}

/** An empty list for NIL. */
export function listOf(value: ImapValue | undefined, what: string): readonly ImapValue[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value as readonly ImapValue[];
  throw unexpected(what);
}

/** The texts of a list. */
export function textsOf(value: ImapValue | undefined, what: string): string[] {
  return listOf(value, what).map((each) => textOf(each, what) ?? 'NIL');
}

/** Names, in capitals, and values by turns. */
export function pairsOf(values: readonly ImapValue[], what: string): Map<string, ImapValue> {
  if (values.length % 2 !== 0) throw unexpected(what);
  const pairs = new Map<string, ImapValue>();
  for (let at = 0; at < values.length; at += 2) {
    const name = values[at];
    if (typeof name !== 'string') throw unexpected(what);
    pairs.set(name.toUpperCase(), values[at + 1] as ImapValue);
  }
  return pairs;
}
