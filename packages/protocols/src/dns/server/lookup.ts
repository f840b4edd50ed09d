import { parentOf, type WireName, wildcardOf } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import { flagsAt, NODE_FLAGS } from '../zone/layout.ts';
import type { Zone } from '../zone/zone.ts';

/** What a zone has for a name. RFC 1034 §4.3.2 step 3, RFC 4592 §4. */
export interface Found {
  kind: 'node' | 'delegation' | 'nothing';
  node: number;
  /** The name of the node: that which was asked for, its wildcard, or that of the delegation. */
  name: WireName;
}

/** Finds what a name of the zone leads to; fills `found`. */
export function findNode({ layout, wireOrigin }: Zone, key: WireName, type: number, found: Found): void {
  const exact = layout.nodes.get(key);
  if (exact !== undefined) {
    const flags = flagsAt(layout, exact);
    if ((flags & (NODE_FLAGS.cut | NODE_FLAGS.belowCut)) === 0) return fill(found, 'node', exact, key);
    // DS belongs to the side above the cut: RFC 4035 §3.1.4.1.
    const isAbove = (flags & NODE_FLAGS.cut) !== 0 && type === RECORD_TYPES.DS.code;
    return isAbove ? fill(found, 'node', exact, key) : findCut(layout, key, found);
  }
  let closest = key;
  let node: number | undefined;
  do {
    closest = parentOf(closest);
    node = layout.nodes.get(closest);
  } while (node === undefined && closest !== wireOrigin);
  const encloser = node as number;
  if ((flagsAt(layout, encloser) & (NODE_FLAGS.cut | NODE_FLAGS.belowCut)) !== 0)
    return findCut(layout, closest, found);
  const wildcard = wildcardOf(closest);
  const source = wildcard === undefined ? undefined : layout.nodes.get(wildcard);
  if (source === undefined) return fill(found, 'nothing', encloser, closest);
  const isCut = (flagsAt(layout, source) & NODE_FLAGS.cut) !== 0;
  fill(found, isCut ? 'delegation' : 'node', source, wildcard as WireName);
}

/** The node of the delegation that a name lies at or below. */
function findCut(layout: Zone['layout'], key: WireName, found: Found): void {
  for (let name = key; ; name = parentOf(name)) {
    const node = layout.nodes.get(name);
    if (node !== undefined && (flagsAt(layout, node) & NODE_FLAGS.cut) !== 0)
      return fill(found, 'delegation', node, name);
  }
}

function fill(found: Found, kind: Found['kind'], node: number, name: WireName): void {
  found.kind = kind;
  found.node = node;
  found.name = name;
}
