import type { WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import { dataOfSet, ownerAt, type RecordSet, setsOfNode, type ZoneLayout } from './layout.ts';
import type { ZoneRecord } from './record.ts';
import type { Zone } from './zone.ts';

/** What leads from one version of a zone to the next; without the SOA, which both have. */
export interface ZoneDifference {
  readonly from: Zone['serial'];
  readonly to: Zone['serial'];
  readonly oldSoa: ZoneRecord;
  readonly newSoa: ZoneRecord;
  readonly removed: readonly ZoneRecord[];
  readonly added: readonly ZoneRecord[];
}

/** Names that are compared before others have their turn. */
const NAMES_A_STEP = 2_000;

/** Compares two versions of a zone, a step at a time. */
export function* differenceOf(before: Zone, after: Zone): Generator<undefined, ZoneDifference, undefined> {
  const removed: ZoneRecord[] = [];
  const added: ZoneRecord[] = [];
  let count = 0;
  for (const name of before.layout.nodes.keys()) {
    compare(name, before.layout, after.layout, removed);
    compare(name, after.layout, before.layout, added);
    count += 1;
    if (count % NAMES_A_STEP === 0) yield;
  }
  for (const name of after.layout.nodes.keys()) {
    if (!before.layout.nodes.has(name)) compare(name, after.layout, before.layout, added);
    count += 1;
    if (count % NAMES_A_STEP === 0) yield;
  }
  return {
    from: before.serial,
    to: after.serial,
    oldSoa: soaOf(before),
    newSoa: soaOf(after),
    removed,
    added,
  };
}

/** The SOA is the first record of a zone. */
export function soaOf(zone: Zone): ZoneRecord {
  return zone.zoneRecords().next().value as ZoneRecord;
}

/** Adds to `found` what `layout` has at a name and `other` has not. */
function compare(name: WireName, layout: ZoneLayout, other: ZoneLayout, found: ZoneRecord[]): void {
  const node = layout.nodes.get(name);
  if (node === undefined) return;
  const there = other.nodes.get(name);
  const others = there === undefined ? [] : [...setsOfNode(other, there, name)];
  for (const set of setsOfNode(layout, node, name)) {
    if (set.type === RECORD_TYPES.SOA.code) continue;
    const same = others.find(({ type }) => type === set.type);
    if (same !== undefined && isSame(layout, set, other, same)) continue;
    const data = same === undefined || same.ttl !== set.ttl ? [] : [...dataOfSet(other, same)];
    const owner = ownerAt(layout, node, name);
    for (const each of dataOfSet(layout, set)) {
      if (data.some((one) => Buffer.compare(one, each) === 0)) continue;
      found.push({ owner, type: set.type, ttl: set.ttl, data: each });
    }
  }
}

function isSame(layout: ZoneLayout, set: RecordSet, other: ZoneLayout, there: RecordSet): boolean {
  if (set.ttl !== there.ttl || set.end - set.start !== there.end - there.start) return false;
  return layout.bytes.compare(other.bytes, there.start, there.end, set.start, set.end) === 0;
}
