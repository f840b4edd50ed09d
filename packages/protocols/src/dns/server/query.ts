import { OPT, QUESTION_TYPES, RCODES } from '../message/codes.ts';
import { FLAGS, HEADER_BYTES } from '../message/message.ts';
import { canonicalName, MAX_NAME_BYTES, type WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';

/** Without EDNS, RFC 1035 §4.2.1. */
const MIN_UDP_BYTES = 512;

/** What a server needs of a query. One object serves all, so that a query costs as little as it can. */
export interface Query {
  id: number;
  opcode: number;
  recursionDesired: boolean;
  checkingDisabled: boolean;
  /** The name as it was asked for, and in lower case. */
  name: WireName;
  key: WireName;
  type: number;
  class: number;
  /** Where the question ends in the bytes; the header alone where it could not be read. */
  questionEnd: number;
  hasEdns: boolean;
  ednsVersion: number;
  /** What the client takes over UDP. */
  udpBytes: number;
  dnssecOk: boolean;
  /** What the client has, of IXFR (RFC 1995 §3). */
  serial: number | undefined;
}

export function emptyQuery(): Query {
  return {
    id: 0,
    opcode: 0,
    recursionDesired: false,
    checkingDisabled: false,
    name: '\0' as WireName,
    key: '\0' as WireName,
    type: 0,
    class: 0,
    questionEnd: HEADER_BYTES,
    hasEdns: false,
    ednsVersion: 0,
    udpBytes: MIN_UDP_BYTES,
    dnssecOk: false,
    serial: undefined,
  };
}

/** What is no query gets no answer: an answer to an answer would go on for ever. */
export const NO_QUERY = -1;

/**
 * Reads a query, of any bytes, without allocating but for its name. Gives NOERROR, FORMERR, or NO_QUERY for what is to
 * be passed over.
 */
export function readQuery(bytes: Buffer, query: Query): number {
  if (bytes.length < HEADER_BYTES) return NO_QUERY;
  const flags = u16(bytes, 2);
  if ((flags & FLAGS.response) !== 0) return NO_QUERY;
  query.id = u16(bytes, 0);
  query.opcode = (flags >>> 11) & 0xf;
  query.recursionDesired = (flags & FLAGS.recursionDesired) !== 0;
  query.checkingDisabled = (flags & FLAGS.checkingDisabled) !== 0;
  query.questionEnd = HEADER_BYTES;
  query.type = 0;
  query.hasEdns = false;
  query.ednsVersion = 0;
  query.udpBytes = MIN_UDP_BYTES;
  query.dnssecOk = false;
  query.serial = undefined;
  if (u16(bytes, 4) !== 1) return RCODES.FORMERR;
  const nameEnd = endOfWholeName(bytes, HEADER_BYTES);
  if (nameEnd === -1 || nameEnd + 4 > bytes.length) return RCODES.FORMERR;
  query.name = bytes.toString('latin1', HEADER_BYTES, nameEnd) as WireName;
  query.key = canonicalName(query.name);
  query.type = u16(bytes, nameEnd);
  query.class = u16(bytes, nameEnd + 2);
  query.questionEnd = nameEnd + 4;
  return readRecords(bytes, query);
}

function readRecords(bytes: Buffer, query: Query): number {
  const before = u16(bytes, 6) + u16(bytes, 8);
  const count = before + u16(bytes, 10);
  let at = query.questionEnd;
  for (let index = 0; index < count; index += 1) {
    const isRoot = bytes[at] === 0;
    at = endOfName(bytes, at);
    if (at === -1 || at + 10 > bytes.length) return RCODES.FORMERR;
    const type = u16(bytes, at);
    const end = at + 10 + u16(bytes, at + 8);
    if (end > bytes.length) return RCODES.FORMERR;
    if (type === OPT) {
      if (index < before || !isRoot || query.hasEdns || !areOptions(bytes, at + 10, end)) return RCODES.FORMERR;
      query.hasEdns = true;
      query.udpBytes = Math.max(u16(bytes, at + 2), MIN_UDP_BYTES);
      query.ednsVersion = bytes[at + 5] as number;
      query.dnssecOk = ((bytes[at + 6] as number) & 0x80) !== 0;
    } else if (type === RECORD_TYPES.SOA.code && query.type === QUESTION_TYPES.IXFR && index < before) {
      // Two names and five numbers.
      if (end - at - 10 < 22) return RCODES.FORMERR;
      query.serial = bytes.readUInt32BE(end - 20);
    }
    at = end;
  }
  return at === bytes.length ? RCODES.NOERROR : RCODES.FORMERR;
}

/** Whether the options of OPT end where it does (RFC 6891 §6.1.2). What they say does not matter. */
function areOptions(bytes: Buffer, from: number, end: number): boolean {
  let at = from;
  while (at + 4 <= end) at += 4 + u16(bytes, at + 2);
  return at === end;
}

function u16(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Behind a name without pointers; -1 for one that has them, is too long or goes beyond the end. */
function endOfWholeName(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return -1;
    at += 1 + length;
    if (at - from > MAX_NAME_BYTES) return -1;
    if (length === 0) return at;
  }
}

/** Behind a name or the pointer that ends it; where it points to does not matter. */
function endOfName(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || at - from > MAX_NAME_BYTES) return -1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return -1;
    at += 1 + length;
    if (length === 0) return at;
  }
}
