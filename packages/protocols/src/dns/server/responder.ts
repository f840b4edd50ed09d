import { reportUncaught } from '@roundhouse/core';
import { CLASSES, OPCODES, QUESTION_TYPES, RCODES } from '../message/codes.ts';
import { ipBytes } from '../message/ipAddress.ts';
import { FLAGS, HEADER_BYTES, MAX_MESSAGE_BYTES } from '../message/message.ts';
import { canonicalName, isWithin, type WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import { MessageWriter, type WriterMark } from '../message/writer.ts';
import { findSet, ownerAt, type RecordSet, setsOfNode } from '../zone/layout.ts';
import { emptySet, type Zone } from '../zone/zone.ts';
import type { DynamicRecords } from './dynamic.ts';
import { type Found, findNode } from './lookup.ts';
import { emptyQuery, NO_QUERY, type Query, readQuery } from './query.ts';
import {
  ASKED,
  nameAt,
  OPT_BYTES,
  targetsOf,
  writeAddresses,
  writeHead,
  writeNegativeSoa,
  writeOpt,
  writeSet,
} from './sections.ts';
import type { ZoneTable } from './zoneTable.ts';

const { A, AAAA, CNAME, NS, SOA } = RECORD_TYPES;
/** Aliases that are followed within a zone; whoever asks goes on behind them. */
const MAX_ALIASES = 16;
const NO_NAMES: readonly WireName[] = [];
const MAX_DYNAMIC_ADDRESSES = 64;

export interface ResponderOptions {
  /** What this side takes and sends over UDP at most, bytes. */
  readonly maxUdpBytes: number;
}

/**
 * Answers queries from zones: RFC 1034 §4.3.2 without recursion. One message is written at a time, into one buffer.
 * Everything is synchronous; no bytes of a query make it throw.
 */
export class Responder {
  /** The last query that was read. */
  readonly query: Query = emptyQuery();
  /** The code of the last answer. */
  rcode = 0;
  readonly #zones: ZoneTable;
  readonly #dynamic: ReadonlyMap<WireName, DynamicRecords>;
  readonly #options: ResponderOptions;
  readonly #writer = new MessageWriter(MAX_MESSAGE_BYTES);
  readonly #found: Found = { kind: 'nothing', node: 0, name: '\0' as WireName };
  readonly #set: RecordSet = emptySet();
  /** Sets that lead to names, of the answer that is being written. */
  #leading: RecordSet[] = [];
  #flags = 0;
  #answers = 0;
  #authorities = 0;
  #additionals = 0;
  #turn = 0;

  constructor(zones: ZoneTable, dynamic: ReadonlyMap<WireName, DynamicRecords>, options: ResponderOptions) {
    this.#zones = zones;
    this.#dynamic = dynamic;
    this.#options = options;
  }

  /** Whether the last answer says that it is not whole. */
  get isTruncated(): boolean {
    return (this.#flags & FLAGS.truncated) !== 0;
  }

  /** Reads a query into `query`, with what is wrong with it or NO_QUERY. */
  read(bytes: Buffer): number {
    return readQuery(bytes, this.query);
  }

  /** The answer to the query that was read last, a copy; undefined for what gets none. */
  respond(bytes: Buffer, status: number, isUdp: boolean): Uint8Array | undefined {
    if (status === NO_QUERY) return undefined;
    this.#begin(bytes, isUdp);
    const start = this.#writer.mark();
    this.rcode = status;
    if (status === RCODES.NOERROR) {
      try {
        this.rcode = this.#answer(isUdp);
      } catch (error) {
        // A fault of ours, or of dynamic records: it costs this answer.
        reportUncaught(error);
        this.#forget(start);
        this.#flags &= ~FLAGS.authoritative;
        this.rcode = RCODES.SERVFAIL;
      }
    }
    if (this.#writer.isFull) this.#truncate(start);
    return this.#finish();
  }

  /** An answer without records; also to say that more is not given (`isTruncated`, RFC 1035 §4.1.1). */
  refuse(bytes: Buffer, rcode: number, isTruncated = false): Uint8Array {
    this.#begin(bytes, true);
    this.rcode = rcode;
    if (isTruncated) this.#flags |= FLAGS.truncated;
    return this.#finish();
  }

  #begin(bytes: Buffer, isUdp: boolean): void {
    const { query } = this;
    const writer = this.#writer;
    const { maxUdpBytes } = this.#options;
    const limit = isUdp ? Math.min(query.udpBytes, maxUdpBytes) : MAX_MESSAGE_BYTES;
    writer.reset(limit - (query.hasEdns ? OPT_BYTES : 0));
    this.#answers = 0;
    this.#authorities = 0;
    this.#additionals = 0;
    if (this.#leading.length > 0) this.#leading = [];
    this.#flags =
      FLAGS.response |
      (query.opcode << 11) |
      (query.recursionDesired ? FLAGS.recursionDesired : 0) |
      (query.checkingDisabled ? FLAGS.checkingDisabled : 0);
    writer.raw(bytes, 0, query.questionEnd);
    if (query.questionEnd > HEADER_BYTES) writer.addTargets(HEADER_BYTES);
  }

  #answer(isUdp: boolean): number {
    const { query } = this;
    if (query.opcode !== OPCODES.QUERY) return RCODES.NOTIMP;
    if (query.ednsVersion !== 0) return RCODES.BADVERS;
    if (query.class !== CLASSES.IN && query.class !== CLASSES.ANY) return RCODES.REFUSED;
    const { type } = query;
    // RFC 6895 §3.1: types that a question may not have, and those that have gone out of use.
    if ((type >= 128 && type < QUESTION_TYPES.IXFR) || type === 41 || (type > QUESTION_TYPES.AXFR && type < 255)) {
      return RCODES.NOTIMP;
    }
    const zone = this.#zones.find(query.key, type);
    if (zone === undefined) return RCODES.REFUSED;
    if (type === QUESTION_TYPES.AXFR) return RCODES.FORMERR;
    if (type === QUESTION_TYPES.IXFR) return isUdp ? this.#currentSoa(zone) : RCODES.FORMERR;
    this.#flags |= FLAGS.authoritative;
    const rcode = this.#follow(zone);
    this.#writeAdditionals(zone);
    return rcode;
  }

  /** Step 3 of RFC 1034 §4.3.2, again for each alias. */
  #follow(zone: Zone): number {
    const { type } = this.query;
    const { layout } = zone;
    const found = this.#found;
    let key = this.query.key;
    let owner: WireName | undefined = ASKED;
    let seen: readonly WireName[] = NO_NAMES;
    for (let aliases = 0; ; aliases += 1) {
      if (this.#dynamic.size > 0) {
        const dynamic = this.#dynamic.get(key);
        if (dynamic !== undefined) return this.#answerDynamic(zone, dynamic, owner);
      }
      findNode(zone, key, type, found);
      if (found.kind === 'delegation') {
        // An answer that has begun is still ours; whoever asks goes on with the alias there.
        if (aliases === 0) this.#flags &= ~FLAGS.authoritative;
        this.#refer(zone, key, owner);
        return RCODES.NOERROR;
      }
      if (found.kind === 'nothing') {
        this.#authorities = 1;
        writeNegativeSoa(zone, this.#writer);
        return RCODES.NXDOMAIN;
      }
      if (type === QUESTION_TYPES.ANY) return this.#answerAny(zone, owner);
      const set = this.#set;
      if (findSet(layout, found.node, found.name, type, set)) {
        this.#answers += writeSet(layout, set, owner, this.#writer);
        if (LEADING.has(type)) this.#leading.push({ ...set });
        return RCODES.NOERROR;
      }
      if (!findSet(layout, found.node, found.name, CNAME.code, set)) return this.#nothing(zone);
      this.#answers += writeSet(layout, set, owner, this.#writer);
      owner = nameAt(layout.bytes, set.start + 2);
      const alias = key;
      key = canonicalName(owner);
      seen = aliases === 0 ? [alias] : [...seen, alias];
      // As BIND does: nobody can make anything of it.
      if (seen.includes(key)) return RCODES.SERVFAIL;
      if (!isWithin(key, zone.wireOrigin) || aliases >= MAX_ALIASES) return RCODES.NOERROR;
    }
  }

  /** The name is there, the type is not. RFC 2308 §2.2. */
  #nothing(zone: Zone): number {
    this.#authorities = 1;
    writeNegativeSoa(zone, this.#writer);
    return RCODES.NOERROR;
  }

  /** RFC 8482 §4.1: one set of those there are. */
  #answerAny(zone: Zone, owner: WireName | undefined): number {
    const { node, name } = this.#found;
    for (const set of setsOfNode(zone.layout, node, name)) {
      this.#answers += writeSet(zone.layout, set, owner, this.#writer);
      return RCODES.NOERROR;
    }
    return this.#nothing(zone);
  }

  /** RFC 1034 §4.3.2 step 3b. An answer that lacks the addresses below the cut is not whole: RFC 9471 §3. */
  #refer(zone: Zone, key: WireName, asked: WireName | undefined): void {
    const { node, name } = this.#found;
    const writer = this.#writer;
    findSet(zone.layout, node, name, NS.code, this.#set);
    // That of a wildcard has the name that was asked for.
    const owner = name === key || !isWithin(key, name) ? asked : ownerAt(zone.layout, node, name);
    this.#authorities = writeSet(zone.layout, this.#set, owner, writer);
    if (writer.isFull) return;
    const targets = targetsOf(zone.layout, this.#set);
    const isBelow = (target: WireName): boolean => isWithin(canonicalName(target), name);
    const sorted = [...targets.filter(isBelow), ...targets.filter((target) => !isBelow(target))];
    for (const target of sorted) {
      const count = writeAddresses(zone, target, true, writer);
      if (count === -1) {
        if (isBelow(target)) writer.isFull = true;
        return;
      }
      this.#additionals += count;
    }
  }

  #answerDynamic(zone: Zone, dynamic: DynamicRecords, owner: WireName | undefined): number {
    const { type } = this.query;
    const all = dynamic.addresses().slice(0, MAX_DYNAMIC_ADDRESSES);
    // Each answer begins with another one: clients mostly take the first.
    this.#turn = (this.#turn + 1) % 0xffff;
    let count = 0;
    for (let index = 0; index < all.length; index += 1) {
      const bytes = ipBytes(all[(index + this.#turn) % all.length] as string);
      if (bytes === undefined) continue;
      const own = bytes.length === 4 ? A.code : AAAA.code;
      if (type !== own && type !== QUESTION_TYPES.ANY) continue;
      writeHead(owner, own, dynamic.ttl, this.#writer);
      this.#writer.u16(bytes.length);
      this.#writer.raw(bytes);
      count += 1;
    }
    this.#answers += count;
    return count > 0 ? RCODES.NOERROR : this.#noAddress(zone, dynamic.ttl);
  }

  /** As `#nothing`, forgotten as soon as an address would be. */
  #noAddress(zone: Zone, ttl: number): number {
    this.#authorities = 1;
    const { layout, wireOrigin } = zone;
    const node = layout.nodes.get(wireOrigin) as number;
    findSet(layout, node, wireOrigin, SOA.code, this.#set);
    writeSet(layout, this.#set, ownerAt(layout, node, wireOrigin), this.#writer, Math.min(ttl, zone.negativeTtl));
    return RCODES.NOERROR;
  }

  /** RFC 1995 §2: over UDP the client learns the serial, and asks again over TCP. */
  #currentSoa(zone: Zone): number {
    if (this.query.key !== zone.wireOrigin) return RCODES.NOTAUTH;
    this.#flags |= FLAGS.authoritative;
    findSet(zone.layout, zone.layout.nodes.get(zone.wireOrigin) as number, zone.wireOrigin, SOA.code, this.#set);
    this.#answers = writeSet(zone.layout, this.#set, ASKED, this.#writer);
    return RCODES.NOERROR;
  }

  /** Addresses of what the answer leads to, as many as fit. */
  #writeAdditionals(zone: Zone): void {
    const writer = this.#writer;
    if (this.#leading.length === 0 || writer.isFull) return;
    const seen = new Set<WireName>();
    for (const set of this.#leading) {
      for (const target of targetsOf(zone.layout, set)) {
        const key = canonicalName(target);
        if (seen.has(key)) continue;
        seen.add(key);
        const count = writeAddresses(zone, target, false, writer);
        if (count === -1) return;
        this.#additionals += count;
      }
    }
  }

  #truncate(start: WriterMark): void {
    this.#forget(start);
    this.#flags |= FLAGS.truncated;
  }

  #forget(start: WriterMark): void {
    this.#writer.back(start);
    this.#answers = 0;
    this.#authorities = 0;
    this.#additionals = 0;
  }

  #finish(): Uint8Array {
    const writer = this.#writer;
    const { query, rcode } = this;
    if (query.hasEdns) {
      writer.setLimit(writer.limit + OPT_BYTES);
      writeOpt(rcode, this.#options.maxUdpBytes, query.dnssecOk, writer);
      this.#additionals += 1;
    }
    writer.patch16(2, this.#flags | (rcode & 0xf));
    writer.patch16(4, query.questionEnd > HEADER_BYTES ? 1 : 0);
    writer.patch16(6, this.#answers);
    writer.patch16(8, this.#authorities);
    writer.patch16(10, this.#additionals);
    return writer.copy();
  }
}

/** Types whose answer has addresses beside it: RFC 1034 §4.3.2 step 6, RFC 2782. */
const LEADING = new Set<number>([NS.code, RECORD_TYPES.MX.code, RECORD_TYPES.SRV.code]);
