import { CLASSES, OPT } from '../message/codes.ts';
import { canonicalName, isWithin, type WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import type { MessageWriter } from '../message/writer.ts';
import { findSet, flagsAt, NODE_FLAGS, ownerAt, type RecordSet } from '../zone/layout.ts';
import { emptySet, type Zone } from '../zone/zone.ts';

const { A, AAAA, CNAME, MX, NS, PTR, SOA, SRV } = RECORD_TYPES;
/** Bytes of an OPT without options. */
export const OPT_BYTES = 11;

/** Where the name of the question begins: an owner that is the same points there. */
const QUESTION_POINTER = 0xc00c;

/** An owner that stands in the question. */
export const ASKED = undefined;

/**
 * Writes a set of a zone. The owner is that of the question, or given. Gives the number of records; whether they fitted
 * is for the writer to say.
 */
export function writeSet(
  { bytes }: Zone['layout'],
  set: RecordSet,
  owner: WireName | undefined,
  writer: MessageWriter,
  ttl = set.ttl,
): number {
  const isPlain = !COMPRESSED.has(set.type);
  for (let at = set.start; at < set.end; ) {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    writeHead(owner, set.type, ttl, writer);
    if (isPlain) writer.raw(bytes, at, at + 2 + length);
    else writeCompressed(set.type, bytes, at + 2, at + 2 + length, writer);
    at += 2 + length;
  }
  return set.count;
}

/** Owner, type, class and TTL. */
export function writeHead(owner: WireName | undefined, type: number, ttl: number, writer: MessageWriter): void {
  if (owner === ASKED) writer.u16(QUESTION_POINTER);
  else writer.compressedName(owner);
  writer.u16(type);
  writer.u16(CLASSES.IN);
  writer.u32(ttl);
}

/** The types of RFC 1035 that have names in their data, and how many bytes stand before them. */
const COMPRESSED = new Map<number, { readonly before: number; readonly names: number }>([
  [NS.code, { before: 0, names: 1 }],
  [CNAME.code, { before: 0, names: 1 }],
  [PTR.code, { before: 0, names: 1 }],
  [MX.code, { before: 2, names: 1 }],
  [SOA.code, { before: 0, names: 2 }],
]);

function writeCompressed(type: number, bytes: Buffer, start: number, end: number, writer: MessageWriter): void {
  const { before, names } = COMPRESSED.get(type) as { before: number; names: number };
  const lengthAt = writer.offset;
  writer.u16(0);
  writer.raw(bytes, start, start + before);
  let at = start + before;
  for (let left = names; left > 0; left -= 1) {
    const name = nameAt(bytes, at);
    writer.compressedName(name);
    at += name.length;
  }
  writer.raw(bytes, at, end);
  if (!writer.isFull) writer.patch16(lengthAt, writer.offset - lengthAt - 2);
}

/** The whole name at `at`. */
export function nameAt(bytes: Buffer, at: number): WireName {
  let end = at;
  while (bytes[end] !== 0) end += 1 + (bytes[end] as number);
  return bytes.toString('latin1', at, end + 1) as WireName;
}

/** The SOA of a zone, as it stands beside an answer that there is nothing (RFC 2308 §3 and §5). */
export function writeNegativeSoa({ layout, wireOrigin, negativeTtl }: Zone, writer: MessageWriter): void {
  const node = layout.nodes.get(wireOrigin) as number;
  findSet(layout, node, wireOrigin, SOA.code, soaSet);
  writeSet(layout, soaSet, ownerAt(layout, node, wireOrigin), writer, negativeTtl);
}

/** Names that a set leads to, for the addresses beside it. */
export function targetsOf({ bytes }: Zone['layout'], set: RecordSet): WireName[] {
  const before = set.type === NS.code ? 0 : set.type === MX.code ? 2 : set.type === SRV.code ? 6 : -1;
  const targets: WireName[] = [];
  if (before === -1) return targets;
  for (let at = set.start; at < set.end; ) {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    targets.push(nameAt(bytes, at + 2 + before));
    at += 2 + length;
  }
  return targets;
}

/**
 * Writes the addresses that the zone has of a target, whole sets or nothing; `isReferral` allows those below a
 * delegation (glue). Gives the number of records, or -1 when they did not fit.
 */
export function writeAddresses(zone: Zone, target: WireName, isReferral: boolean, writer: MessageWriter): number {
  const { layout, wireOrigin } = zone;
  const key = canonicalName(target);
  if (!isWithin(key, wireOrigin)) return 0;
  const node = layout.nodes.get(key);
  if (node === undefined) return 0;
  const isOurs = (flagsAt(layout, node) & (NODE_FLAGS.cut | NODE_FLAGS.belowCut)) === 0;
  if (!isOurs && !isReferral) return 0;
  let count = 0;
  for (const type of [A.code, AAAA.code]) {
    if (!findSet(layout, node, key, type, addressSet)) continue;
    const mark = writer.mark();
    const written = writeSet(layout, addressSet, target, writer);
    if (writer.isFull) {
      writer.back(mark);
      return -1;
    }
    count += written;
  }
  return count;
}

/** RFC 6891 §6.1.2, without options. */
export function writeOpt(rcode: number, udpBytes: number, dnssecOk: boolean, writer: MessageWriter): void {
  writer.u8(0);
  writer.u16(OPT);
  writer.u16(udpBytes);
  writer.u8(rcode >>> 4);
  writer.u8(0);
  writer.u16(dnssecOk ? 0x8000 : 0);
  writer.u16(0);
}

const soaSet = emptySet();
const addressSet = emptySet();
