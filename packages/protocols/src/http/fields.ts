import { httpError } from './errors.ts';
import type { Fields, FieldValues } from './message.ts';

/** Fields of which a second one makes the message ambiguous: for one program it is the first, for the next the last. */
const SINGLE = new Set(['host', 'content-length', 'transfer-encoding', 'authorization', 'content-type', 'expect']);

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const isToken = (text: string): boolean => TOKEN.test(text);

/**
 * An object that inherits nothing: a field may be called `__proto__`. Made by a constructor, for V8 keeps what
 * `Object.create(null)` gives as a hash table from the start.
 */
export const emptyFields: () => Record<string, string> = (() => {
  function EmptyFields(): void {}
  EmptyFields.prototype = Object.freeze(Object.create(null));
  const Constructor = EmptyFields as unknown as new () => Record<string, string>;
  return () => new Constructor();
})();

/**
 * Fields as they came in HTTP/1.1, name and value in turn. Raises HTTP_REQUEST_INVALID for a second one of a name that
 * may stand once (RFC 9112 §3.2, §6.3).
 */
export function joinFields(raw: readonly string[]): Fields {
  const fields = emptyFields();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const value = raw[at + 1] as string;
    const earlier = fields[name];
    if (earlier === undefined) fields[name] = value;
    else if (SINGLE.has(name)) {
      throw httpError('HTTP_REQUEST_INVALID', { details: { reason: `there is more than one field ${name}` } });
    } else fields[name] = name === 'cookie' ? `${earlier}; ${value}` : `${earlier}, ${value}`;
  }
  return fields;
}

/** Fields as node:http2 gives them, without the pseudo fields. */
export function plainFields(received: Readonly<Record<string, string | string[] | undefined>>): Fields {
  const fields = emptyFields();
  for (const name in received) {
    if (name.charCodeAt(0) === 0x3a) continue;
    const value = received[name];
    if (value !== undefined) fields[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return fields;
}

/** The value of a field to send; names are looked up as written, in lower case. */
export function fieldText(fields: FieldValues | undefined, name: string): string | undefined {
  const value = fields?.[name];
  if (value === undefined) return undefined;
  return typeof value === 'object' ? value.join(', ') : String(value);
}

/** The members of a comma-separated list, trimmed, without empty ones (RFC 9110 §5.6.1). Not for quoted strings. */
export function listOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** Adds a name to `Vary`. */
export function varyWith(fields: FieldValues | undefined, name: string): string {
  const members = listOf(fieldText(fields, 'vary'));
  if (members.includes('*')) return '*';
  return members.some((member) => member.toLowerCase() === name) ? members.join(', ') : [...members, name].join(', ');
}

/** How much a member of Accept or Accept-Encoding is wanted, 0 … 1 (RFC 9110 §12.4.2); null when it is not named. */
export function qualityOf(header: string | undefined, name: string): number | null {
  for (const member of listOf(header)) {
    const [what = '', ...parameters] = member.split(';').map((part) => part.trim());
    if (what.toLowerCase() !== name) continue;
    const weight = parameters.map((part) => /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(part)?.[1]).find(Boolean);
    return weight === undefined ? 1 : Number(weight);
  }
  return null;
}
