import type { ImapValue } from './response.ts';
import { listOf, numberOf, textOf, unexpected } from './value.ts';

/** A part of a message, and what is in it. RFC 9051 §7.5.2, BODYSTRUCTURE */
export interface ImapPart {
  /** As `retrieve` takes it; empty for a whole message of several parts. */
  readonly section: string;
  /** In small letters: `text/plain`. */
  readonly type: string;
  /** Names in small letters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** With its angle brackets. */
  readonly id: string | null;
  readonly description: string | null;
  /** In small letters: `base64`. Null for what has parts. */
  readonly encoding: string | null;
  /** As it is encoded. Null for what has parts. */
  readonly bytes: number | null;
  /** In small letters: `inline`, `attachment`. */
  readonly disposition: string | null;
  readonly filename: string | null;
  readonly parts: readonly ImapPart[];
}

const WHAT = 'BODYSTRUCTURE';

export function structureOf(value: ImapValue): ImapPart {
  return partOf(value, '');
}

/** `within` is the section of what it is in, empty for a message. */
function partOf(value: ImapValue, section: string): ImapPart {
  const fields = listOf(value, WHAT);
  return Array.isArray(fields[0]) ? multipart(fields, section) : single(fields, section === '' ? '1' : section);
}

function below(section: string, number: number): string {
  return section === '' ? String(number) : `${section}.${number}`;
}

function multipart(fields: readonly ImapValue[], section: string): ImapPart {
  const count = fields.findIndex((each) => !Array.isArray(each));
  if (count === -1) throw unexpected(WHAT);
  const parameters = parametersOf(fields[count + 1]);
  return {
    section,
    type: `multipart/${lower(fields[count])}`,
    parameters,
    id: null,
    description: null,
    encoding: null,
    bytes: null,
    ...dispositionOf(fields[count + 2], parameters),
    parts: fields.slice(0, count).map((each, at) => partOf(each, below(section, at + 1))),
  };
}

function single(fields: readonly ImapValue[], section: string): ImapPart {
  if (fields.length < 7) throw unexpected(WHAT);
  const type = `${lower(fields[0])}/${lower(fields[1])}`;
  const parameters = parametersOf(fields[2]);
  const isMessage = ['message/rfc822', 'message/global'].includes(type) && Array.isArray(fields[8]);
  // Behind the size stand what a message or a text has besides, then the sum, then the disposition.
  const extension = isMessage ? 10 : type.startsWith('text/') ? 8 : 7;
  return {
    section,
    type,
    parameters,
    id: textOf(fields[3], WHAT),
    description: textOf(fields[4], WHAT),
    encoding: lower(fields[5]),
    bytes: numberOf(fields[6], WHAT),
    ...dispositionOf(fields[extension + 1], parameters),
    parts: isMessage ? [inner(fields[8] as ImapValue, section)] : [],
  };
}

/** The body of a message within: its parts are counted below it, and so is the only one. RFC 9051 §6.4.5.1 */
function inner(value: ImapValue, section: string): ImapPart {
  const fields = listOf(value, WHAT);
  return Array.isArray(fields[0]) ? multipart(fields, section) : single(fields, below(section, 1));
}

function dispositionOf(
  value: ImapValue | undefined,
  ofType: Readonly<Record<string, string>>,
): { readonly disposition: string | null; readonly filename: string | null } {
  const [name, parameters] = value === undefined ? [] : listOf(value, WHAT);
  const disposition = name === undefined ? null : lower(name);
  const filename = name === undefined ? undefined : parametersOf(parameters)['filename'];
  return { disposition, filename: filename ?? ofType['name'] ?? null };
}

function parametersOf(value: ImapValue | undefined): Readonly<Record<string, string>> {
  const fields = value === undefined ? [] : listOf(value, WHAT);
  if (fields.length % 2 !== 0) throw unexpected(WHAT);
  const pairs: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2) pairs.push([lower(fields[at]), textOf(fields[at + 1], WHAT) ?? '']);
  return Object.fromEntries(pairs);
}

function lower(value: ImapValue | undefined): string {
  return (textOf(value, WHAT) ?? '').toLowerCase();
}
