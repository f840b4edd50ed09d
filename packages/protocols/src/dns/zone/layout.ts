import { canonicalName, parentOf, type WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import type { ZoneRecord } from './record.ts';

/**
 * A zone in memory: an index of its names, and one buffer with what each has. A name costs its own bytes and its data,
 * not objects of its own: a hundred thousand names take about 13 MB.
 *
 * A node: `u8` flags, `u8` number of sets, with `CASED` the owner as it was written (as long as the name), the sets.
 * A set: `u16` type, `u32` TTL, `u16` number of records, `u32` bytes of them; a record: `u16` length, data.
 */
export interface ZoneLayout {
  /** Where the node of each canonical name stands; of names that only lead to others too (RFC 4592 §2.2.2). */
  readonly nodes: ReadonlyMap<WireName, number>;
  readonly bytes: Buffer;
  readonly records: number;
}

export const NODE_FLAGS = {
  /** The topmost delegation on its way: what the name has beside NS and DS, and all below it, is another zone's. */
  cut: 1,
  belowCut: 2,
  cased: 4,
} as const;

/** A name that has nothing, and the same below a delegation. */
const EMPTY_NODE = 0;
const EMPTY_BELOW_CUT = 2;
const SET_HEADER_BYTES = 12;

/** What stands in a node of a layout. */
export interface RecordSet {
  type: number;
  ttl: number;
  count: number;
  /** Where its records begin, and where the next set does. */
  start: number;
  end: number;
}

interface Names {
  readonly owner: WireName;
  readonly records: ZoneRecord[];
}

/** Lays records out; they were checked before. Records that are the same are kept once. */
export function layOut(origin: WireName, records: readonly ZoneRecord[]): ZoneLayout {
  const names = new Map<WireName, Names>();
  for (const record of records) {
    const name = canonicalName(record.owner);
    const there = names.get(name);
    if (there === undefined) names.set(name, { owner: record.owner, records: [record] });
    else there.records.push(record);
  }
  const cuts = new Set<WireName>();
  for (const [name, { records: own }] of names) {
    if (name !== origin && own.some(({ type }) => type === RECORD_TYPES.NS.code)) cuts.add(name);
  }
  const slab = new Slab();
  const nodes = new Map<WireName, number>();
  let kept = 0;
  for (const [name, { owner, records: own }] of names) {
    const isBelow = cuts.size > 0 && hasCutAbove(name, origin, cuts);
    let flags = isBelow ? NODE_FLAGS.belowCut : cuts.has(name) ? NODE_FLAGS.cut : 0;
    if (owner !== name) flags |= NODE_FLAGS.cased;
    nodes.set(name, slab.size);
    kept += slab.node(flags, owner, setsOf(own));
  }
  for (const name of names.keys()) {
    if (name === origin) continue;
    for (let above = parentOf(name); above !== origin && !nodes.has(above); above = parentOf(above)) {
      const isBelow = cuts.size > 0 && hasCutAbove(above, origin, cuts);
      nodes.set(above, isBelow ? EMPTY_BELOW_CUT : EMPTY_NODE);
    }
  }
  return { nodes, bytes: slab.finish(), records: kept };
}

/** The flags of a node. */
export function flagsAt({ bytes }: ZoneLayout, node: number): number {
  return bytes[node] as number;
}

/** The owner as it was written. */
export function ownerAt({ bytes }: ZoneLayout, node: number, name: WireName): WireName {
  if (((bytes[node] as number) & NODE_FLAGS.cased) === 0) return name;
  return bytes.toString('latin1', node + 2, node + 2 + name.length) as WireName;
}

/** Where the sets of a node begin. */
function setsAt(bytes: Buffer, node: number, name: WireName): number {
  return node + 2 + (((bytes[node] as number) & NODE_FLAGS.cased) === 0 ? 0 : name.length);
}

/** Finds the set of a type; fills `set`, which is used again and again. */
export function findSet({ bytes }: ZoneLayout, node: number, name: WireName, type: number, set: RecordSet): boolean {
  let at = setsAt(bytes, node, name);
  for (let left = bytes[node + 1] as number; left > 0; left -= 1) {
    const isIt = (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) === type;
    if (isIt) {
      readSet(bytes, at, set);
      return true;
    }
    at += SET_HEADER_BYTES + bytes.readUInt32BE(at + 8);
  }
  return false;
}

/** The sets of a node, in the order of the zone. */
export function* setsOfNode({ bytes }: ZoneLayout, node: number, name: WireName): Generator<RecordSet> {
  let at = setsAt(bytes, node, name);
  for (let left = bytes[node + 1] as number; left > 0; left -= 1) {
    const set: RecordSet = { type: 0, ttl: 0, count: 0, start: 0, end: 0 };
    readSet(bytes, at, set);
    yield set;
    at = set.end;
  }
}

/** The data of each record of a set; borrowed from the zone, which never changes. */
export function* dataOfSet({ bytes }: ZoneLayout, set: RecordSet): Generator<Uint8Array> {
  for (let at = set.start; at < set.end; ) {
    const length = bytes.readUInt16BE(at);
    yield bytes.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
}

function readSet(bytes: Buffer, at: number, set: RecordSet): void {
  set.type = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  set.ttl = bytes.readUInt32BE(at + 2);
  set.count = ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number);
  set.start = at + SET_HEADER_BYTES;
  set.end = set.start + bytes.readUInt32BE(at + 8);
}

function hasCutAbove(name: WireName, origin: WireName, cuts: ReadonlySet<WireName>): boolean {
  for (let above = name; above !== origin; ) {
    above = parentOf(above);
    if (cuts.has(above)) return true;
  }
  return false;
}

interface LooseSet {
  readonly type: number;
  readonly ttl: number;
  readonly data: Uint8Array[];
}

/** The TTL of a set is that of its first record (RFC 2181 §5.2: they are to be the same). */
function setsOf(records: readonly ZoneRecord[]): LooseSet[] {
  const sets: LooseSet[] = [];
  for (const { type, ttl, data } of records) {
    const set = sets.find((each) => each.type === type);
    if (set === undefined) sets.push({ type, ttl, data: [data] });
    else if (!set.data.some((each) => Buffer.compare(each, data) === 0)) set.data.push(data);
  }
  return sets;
}

/** A buffer that grows. */
class Slab {
  size = 4;
  /** Begins with the two empty nodes. */
  #bytes = Buffer.alloc(65_536);

  constructor() {
    this.#bytes[EMPTY_BELOW_CUT] = NODE_FLAGS.belowCut;
  }

  /** Gives the number of records. */
  node(flags: number, owner: WireName, sets: readonly LooseSet[]): number {
    this.#reserve(2 + owner.length);
    this.#u8(flags);
    this.#u8(sets.length);
    if ((flags & NODE_FLAGS.cased) !== 0) this.size += this.#bytes.write(owner, this.size, 'latin1');
    let records = 0;
    for (const { type, ttl, data } of sets) {
      const length = data.reduce((sum, each) => sum + 2 + each.byteLength, 0);
      this.#reserve(SET_HEADER_BYTES + length);
      this.#u16(type);
      this.#u32(ttl);
      this.#u16(data.length);
      this.#u32(length);
      for (const each of data) {
        this.#u16(each.byteLength);
        this.#bytes.set(each, this.size);
        this.size += each.byteLength;
      }
      records += data.length;
    }
    return records;
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.size));
  }

  #u8(value: number): void {
    this.#bytes[this.size++] = value;
  }

  #u16(value: number): void {
    this.size = this.#bytes.writeUInt16BE(value, this.size);
  }

  #u32(value: number): void {
    this.size = this.#bytes.writeUInt32BE(value, this.size);
  }

  #reserve(count: number): void {
    if (this.size + count <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.size + count));
    this.#bytes.copy(larger, 0, 0, this.size);
    this.#bytes = larger;
  }
}
