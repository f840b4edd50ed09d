import { checkKeyword, type CommandPart, spaced, stringPart } from './command.ts';
import { formatUidSet, invalid, type UidSet } from './uidSet.ts';

/** `2026-11-22`: a day, of whatever zone the server goes by. */
export type ImapDay = string;

/** What messages are looked for: all that is said holds. Nothing said: all messages. RFC 9051 §6.4.4 */
export interface ImapCriteria {
  readonly uids?: UidSet;
  /** In the address or the name; without regard to case, as all texts here. */
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly bcc?: string;
  readonly subject?: string;
  readonly body?: string;
  /** Headers or body. */
  readonly text?: string;
  /** Name of a header and what is in it; an empty text: it is there. */
  readonly header?: readonly [name: string, text: string];
  readonly isSeen?: boolean;
  readonly isAnswered?: boolean;
  readonly isFlagged?: boolean;
  readonly isDeleted?: boolean;
  readonly isDraft?: boolean;
  readonly keyword?: string;
  /** It came on that day or later. */
  readonly since?: ImapDay;
  readonly before?: ImapDay;
  readonly on?: ImapDay;
  /** The same by the Date of its header. */
  readonly sentSince?: ImapDay;
  readonly sentBefore?: ImapDay;
  readonly sentOn?: ImapDay;
  /** Bytes: larger than. */
  readonly largerThan?: number;
  readonly smallerThan?: number;
  /** Changed at that value or later; the server must offer CONDSTORE. RFC 7162 §3.1.5 */
  readonly modSeqFrom?: bigint;
  readonly not?: ImapCriteria;
  /** One of them, or more; two at least. */
  readonly anyOf?: readonly ImapCriteria[];
}

const MAX_DEPTH = 32;
const MAX_KEYS = 1_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

type Writer<K extends keyof ImapCriteria> = (value: NonNullable<ImapCriteria[K]>, depth: number) => CommandPart[];

const text =
  (key: string) =>
  (value: string): CommandPart[] =>
    spaced(key, stringPart(value));
const flag =
  (key: string) =>
  (value: boolean): CommandPart[] => [value ? key : `UN${key}`];
const day =
  (key: string) =>
  (value: string): CommandPart[] => [`${key} ${formatDay(value)}`];
const size =
  (key: string) =>
  (value: number): CommandPart[] => {
    if (Number.isInteger(value) && value >= 0 && value <= 4_294_967_295) return [`${key} ${value}`];
    throw invalid(`${value} is no number of bytes`);
  };

const WRITERS: { readonly [K in keyof ImapCriteria]-?: Writer<K> } = {
  uids: (uids) => {
    const [set = '', ...more] = formatUidSet(uids);
    if (set === '' || more.length > 0) throw invalid('there is no UID to search, or there are more than a line holds');
    return [`UID ${set}`];
  },
  from: text('FROM'),
  to: text('TO'),
  cc: text('CC'),
  bcc: text('BCC'),
  subject: text('SUBJECT'),
  body: text('BODY'),
  text: text('TEXT'),
  header: ([name, value]) => spaced('HEADER', stringPart(name), stringPart(value)),
  isSeen: flag('SEEN'),
  isAnswered: flag('ANSWERED'),
  isFlagged: flag('FLAGGED'),
  isDeleted: flag('DELETED'),
  isDraft: flag('DRAFT'),
  keyword: (keyword) => [`KEYWORD ${checkKeyword(keyword)}`],
  since: day('SINCE'),
  before: day('BEFORE'),
  on: day('ON'),
  sentSince: day('SENTSINCE'),
  sentBefore: day('SENTBEFORE'),
  sentOn: day('SENTON'),
  largerThan: size('LARGER'),
  smallerThan: size('SMALLER'),
  modSeqFrom: (value) => [`MODSEQ ${checkModSeq(value)}`],
  not: (criteria, depth) => ['NOT (', ...written(criteria, depth + 1), ')'],
  anyOf: (all, depth) => {
    if (all.length < 2) throw invalid('anyOf has two criteria at least');
    return oneOf(all, depth);
  },
};

/** OR has two sides. */
function oneOf(all: readonly ImapCriteria[], depth: number): CommandPart[] {
  const [first = {}, ...rest] = all;
  const side = ['(', ...written(first, depth + 1), ')'];
  return rest.length === 0 ? side : ['OR ', ...side, ' ', ...oneOf(rest, depth)];
}

/** As they stand behind SEARCH. Raises NET_OPTION_INVALID. */
export function formatCriteria(criteria: ImapCriteria): CommandPart[] {
  const parts = written(criteria, 0);
  if (parts.length > MAX_KEYS) throw invalid(`a search has at most ${MAX_KEYS} parts`);
  return parts;
}

function written(criteria: ImapCriteria, depth: number): CommandPart[] {
  if (depth > MAX_DEPTH) throw invalid(`criteria are nested more than ${MAX_DEPTH} deep`);
  const keys = Object.entries(criteria).filter(([, value]) => value !== undefined);
  if (keys.length === 0) return ['ALL'];
  return keys.flatMap(([key, value], at) => {
    if (!Object.hasOwn(WRITERS, key)) throw invalid(`there is no criterion ${key.slice(0, 80)}`);
    // The table pairs each key with the type of its value.
    const write = WRITERS[key as keyof ImapCriteria] as (value: unknown, depth: number) => CommandPart[];
    return at === 0 ? write(value, depth) : [' ', ...write(value, depth)];
  });
}

function formatDay(value: ImapDay): string {
  const [, year, month, ofMonth] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value) ?? [];
  const isDay = !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value);
  if (year === undefined || !isDay)
    throw invalid(`${JSON.stringify(String(value).slice(0, 40))} is no day: 2026-11-22`);
  return `${Number(ofMonth)}-${MONTHS[Number(month) - 1]}-${year}`;
}

/** `22-Nov-2026 09:05:00 +0000`, quoted. RFC 9051 §9, date-time */
export function formatDateTime(date: Date): string {
  if (Number.isNaN(date.getTime())) throw invalid('the date is none');
  const [day = '', time = ''] = date.toISOString().split('T');
  const [year, month, ofMonth] = day.split('-');
  if (year?.length !== 4) throw invalid('a year has four digits');
  return `"${ofMonth}-${MONTHS[Number(month) - 1]}-${year} ${time.slice(0, 8)} +0000"`;
}

/** Null for what is none. */
export function parseDateTime(said: string): Date | null {
  const [, day = '', month = '', year, time, sign, hours, minutes] =
    /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$/.exec(said) ?? [];
  const at = MONTHS.findIndex((name) => name.toLowerCase() === month.toLowerCase());
  if (at === -1) return null;
  const iso = `${year}-${String(at + 1).padStart(2, '0')}-${day.padStart(2, '0')}T${time}${sign}${hours}:${minutes}`;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** RFC 7162 §7: 63 bits. */
export function checkModSeq(value: bigint): string {
  if (value >= 0n && value < 9_223_372_036_854_775_808n) return String(value);
  throw invalid(`${value} is no MODSEQ`);
}
