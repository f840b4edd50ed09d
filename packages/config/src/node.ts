import type { Path } from './path.ts';
import type { Place } from './source.ts';

/** How a value that is written elsewhere came here. */
export interface Passage {
  readonly how: 'alias' | 'merge' | 'template';
  readonly name: string;
  /** Where it is used. */
  readonly place: Place;
}

interface NodeBase {
  /** Where it is written. */
  readonly place: Place;
  /** Nearest first. */
  readonly via?: readonly Passage[];
  /** What weaker layers said of the same thing, strongest first. */
  readonly shadowed?: readonly ConfigNode[];
  /** A fault has been told already: what follows from it is not. */
  readonly isBroken?: boolean;
}

export type ScalarValue = string | number | boolean | null;

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** Text from outside (variable, file, setting): its type follows from what the schema expects. */
  readonly isInjected?: boolean;
  /** The `secret://` reference that the value came from. */
  readonly reference?: string;
  /** A word without quotes, such as `yes`. */
  readonly isPlain?: boolean;
}

export interface MapEntry {
  readonly keyPlace: Place;
  readonly value: ConfigNode;
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

/** Configuration as written: immutable, every part with its place. */
export type ConfigNode = ScalarNode | MapNode | ListNode;

export function childOf(node: ConfigNode, part: string | number): ConfigNode | undefined {
  if (node.kind === 'map') return node.entries.get(String(part))?.value;
  return node.kind === 'list' && typeof part === 'number' ? node.items[part] : undefined;
}

/** The nodes from the root down to `path`, as far as they exist; the root is always there. */
export function trail(root: ConfigNode, path: Path): readonly [ConfigNode, ...ConfigNode[]] {
  const nodes: [ConfigNode, ...ConfigNode[]] = [root];
  for (const part of path) {
    const child = childOf(nodes.at(-1) as ConfigNode, part);
    if (child === undefined) break;
    nodes.push(child);
  }
  return nodes;
}

export function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  const nodes = trail(root, path);
  return nodes.length === path.length + 1 ? nodes.at(-1) : undefined;
}

/** Every scalar, and every empty map or list, with its path, in order. */
export function* leaves(node: ConfigNode, path: Path = []): Generator<{ path: Path; node: ConfigNode }> {
  if (node.kind === 'map' && node.entries.size > 0) {
    for (const [key, entry] of node.entries) yield* leaves(entry.value, [...path, key]);
  } else if (node.kind === 'list' && node.items.length > 0) {
    for (const [index, item] of node.items.entries()) yield* leaves(item, [...path, index]);
  } else {
    yield { path, node };
  }
}

/** How much a tree holds: nodes, and levels of maps and lists. Counted once a node, however often it is shared. */
export function extentOf(node: ConfigNode): Extent {
  if (node.kind === 'scalar') return SCALAR_EXTENT;
  const known = extents.get(node);
  if (known !== undefined) return known;
  const children = node.kind === 'list' ? node.items : [...node.entries.values()].map(({ value }) => value);
  let size = 1;
  let height = 0;
  for (const child of children) {
    const extent = extentOf(child);
    size += extent.size;
    height = Math.max(height, extent.height);
  }
  const extent = { size, height: height + 1 };
  extents.set(node, extent);
  return extent;
}

interface Extent {
  readonly size: number;
  readonly height: number;
}

const SCALAR_EXTENT: Extent = { size: 1, height: 0 };
const extents = new WeakMap<ConfigNode, Extent>();

/** Every scalar, in order. */
export function eachScalar(node: ConfigNode, visit: (scalar: ScalarNode) => void): void {
  if (node.kind === 'scalar') visit(node);
  else if (node.kind === 'list') for (const item of node.items) eachScalar(item, visit);
  else for (const { value } of node.entries.values()) eachScalar(value, visit);
}

/** The map with each value as `change` makes it; the same map where nothing changes. */
export function mapValues(node: MapNode, change: (value: ConfigNode, key: string) => ConfigNode): MapNode {
  let entries: Map<string, MapEntry> | undefined;
  for (const [key, entry] of node.entries) {
    const value = change(entry.value, key);
    if (value === entry.value) continue;
    entries ??= new Map(node.entries);
    entries.set(key, { keyPlace: entry.keyPlace, value });
  }
  return entries === undefined ? node : { ...node, entries };
}

/** The list with each item as `change` makes it; the same list where nothing changes. */
export function mapItems(node: ListNode, change: (item: ConfigNode, index: number) => ConfigNode): ListNode {
  const items = node.items.map(change);
  return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
}

export function withPassage<N extends ConfigNode>(node: N, passage: Passage): N {
  return { ...node, via: [passage, ...(node.via ?? [])] };
}

/** `upper`, remembering what it covers. */
export function covering<N extends ConfigNode>(upper: N, lower: ConfigNode): N {
  return { ...upper, shadowed: [...(upper.shadowed ?? []), lower, ...(lower.shadowed ?? [])] };
}

/** Plain data (JSON) as nodes that all stand at one place. */
export function nodeOf(value: unknown, place: Place): ConfigNode {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item) => nodeOf(item, place)) };
  if (typeof value === 'object' && value !== null) {
    const entries = new Map<string, MapEntry>();
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined) entries.set(key, { keyPlace: place, value: nodeOf(inner, place) });
    }
    return { kind: 'map', place, entries };
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', place, value: isScalar ? value : null };
}

export function kindName(node: ConfigNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a map' : 'a list';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? 'text' : typeof node.value === 'number' ? 'a number' : 'a truth value';
}

/** The text of a scalar that is one; undefined for all else. */
export function textOf(node: ConfigNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}
