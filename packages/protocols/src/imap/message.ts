import { parseDateTime, checkModSeq } from './criteria.ts';
import { envelopeOf, type ImapEnvelope } from './envelope.ts';
import type { DataResponse } from './response.ts';
import { type ImapPart, structureOf } from './structure.ts';
import { invalid } from './uidSet.ts';
import { bigOf, listOf, numberOf, pairsOf, textOf, textsOf, unexpected } from './value.ts';

/** What is asked of messages; their UIDs come always. */
export interface ImapFetchItems {
  readonly flags?: boolean;
  readonly bytes?: boolean;
  readonly receivedAt?: boolean;
  readonly envelope?: boolean;
  readonly structure?: boolean;
  /** All headers, or those of these names. */
  readonly headers?: boolean | readonly string[];
  /** The server must offer CONDSTORE, for this and the next. RFC 7162 */
  readonly modSeq?: boolean;
  /** Only those that changed behind that value. */
  readonly changedSince?: bigint;
}

/** What was not asked is null. */
export interface ImapMessage {
  readonly uid: number;
  readonly flags: readonly string[] | null;
  readonly bytes: number | null;
  readonly receivedAt: Date | null;
  readonly envelope: ImapEnvelope | null;
  readonly structure: ImapPart | null;
  /** As they stand in the message, with the empty line behind them. */
  readonly headers: Uint8Array | null;
  readonly modSeq: bigint | null;
}

/** What a FETCH says, asked or not. */
export interface FetchedMessage extends Omit<ImapMessage, 'uid'> {
  readonly number: number;
  readonly uid: number | null;
}

const WHAT = 'FETCH';

export function messageOf({ number, values }: DataResponse): FetchedMessage {
  if (number === null || number === 0) throw unexpected(WHAT);
  const items = pairsOf(listOf(values[0], WHAT), WHAT);
  const read = <T>(name: string, as: (value: NonNullable<ReturnType<typeof items.get>>) => T): T | null => {
    const value = items.get(name);
    return value === undefined || value === null ? null : as(value);
  };
  const header = [...items].find(([name]) => name.startsWith('BODY[HEADER'))?.[1];
  return {
    number,
    uid: read('UID', (value) => numberOf(value, WHAT)),
    flags: read('FLAGS', (value) => textsOf(value, WHAT)),
    bytes: read('RFC822.SIZE', (value) => numberOf(value, WHAT)),
    receivedAt: read('INTERNALDATE', (value) => parseDateTime(textOf(value, WHAT) ?? '')),
    envelope: read('ENVELOPE', envelopeOf),
    structure: read('BODYSTRUCTURE', structureOf),
    headers: header instanceof Uint8Array ? header : null,
    modSeq: read('MODSEQ', (value) => bigOf(listOf(value, WHAT)[0], WHAT)),
  };
}

/** What stands behind `UID FETCH` and the set. Raises NET_OPTION_INVALID. */
export function formatFetchItems(items: ImapFetchItems): string {
  const names = ['UID'];
  if (items.flags === true) names.push('FLAGS');
  if (items.bytes === true) names.push('RFC822.SIZE');
  if (items.receivedAt === true) names.push('INTERNALDATE');
  if (items.envelope === true) names.push('ENVELOPE');
  if (items.structure === true) names.push('BODYSTRUCTURE');
  if (items.headers === true) names.push('BODY.PEEK[HEADER]');
  else if (items.headers) names.push(`BODY.PEEK[HEADER.FIELDS (${items.headers.map(checkHeader).join(' ')})]`);
  if (items.modSeq === true || items.changedSince !== undefined) names.push('MODSEQ');
  const since = items.changedSince === undefined ? '' : ` (CHANGEDSINCE ${checkModSeq(items.changedSince)})`;
  return `(${names.join(' ')})${since}`;
}

/** The message, or undefined when it is no answer but a word of the server about changed flags. */
export function answerOf(
  { number: _number, uid, ...message }: FetchedMessage,
  items: ImapFetchItems,
): ImapMessage | undefined {
  const lacks = (asked: unknown, said: unknown): boolean => asked !== undefined && asked !== false && said === null;
  const isOther =
    lacks(items.flags, message.flags) ||
    lacks(items.bytes, message.bytes) ||
    lacks(items.envelope, message.envelope) ||
    lacks(items.structure, message.structure) ||
    lacks(items.headers, message.headers);
  return uid === null || isOther ? undefined : { uid, ...message };
}

function checkHeader(name: string, _at: number, all: readonly string[]): string {
  if (all.length <= 100 && /^[A-Za-z0-9_-]{1,100}$/.test(name)) return name;
  throw invalid(`${JSON.stringify(name.slice(0, 80))} is no name of a header, or there are more than 100`);
}

/** `1.2`, `1.2.MIME`, `HEADER`, `TEXT`; empty for the whole message. RFC 9051 §6.4.5.1 */
export function checkSection(section: string): string {
  if (/^(?:HEADER|TEXT|(?:[1-9]\d{0,4})(?:\.[1-9]\d{0,4}){0,31}(?:\.(?:HEADER|TEXT|MIME))?|)$/.test(section))
    return section;
  throw invalid(`${JSON.stringify(section.slice(0, 80))} is no section of a message: 1.2, HEADER, TEXT`);
}
