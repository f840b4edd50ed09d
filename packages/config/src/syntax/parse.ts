import { nearest } from '@roundhouse/core';
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar } from 'yaml';
import type { ConfigCode } from '../errors.ts';
import type { Limits } from '../limits.ts';
import {
  type ConfigNode,
  extentOf,
  kindName,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  withPassage,
} from '../node.ts';
import type { Faults } from '../report/faults.ts';
import type { Place, Source } from '../source.ts';
import { complaintOf } from './complaint.ts';
import { readDocument } from './pieces.ts';

/**
 * Reads YAML 1.2 (core schema) with aliases and merge keys; everything keeps the place where it is written. Faults go
 * to `faults`; what could be understood is returned all the same, so that secrets in it are known.
 */
export function parseYaml(source: Source, faults: Faults, limits: Limits): MapNode {
  const text = source.text ?? '';
  const empty: MapNode = { kind: 'map', place: { source, start: 0, end: 0 }, entries: new Map() };
  let document;
  try {
    document = readDocument(text);
  } catch (error) {
    // The parser descends by recursion; what is nested beyond the stack is far beyond the limit.
    if (!(error instanceof RangeError)) throw error;
    faults.add({ phase: 'syntax', code: 'CONFIG_DEPTH', place: empty.place, details: { limit: limits.maxDepth } });
    return empty;
  }
  const root =
    document.contents === null ? undefined : new Conversion(source, faults, limits).convert(document.contents);
  tellErrors(document, source, faults, limits);
  const { version } = document.directives?.yaml ?? {};
  if (version !== undefined && version !== '1.2') {
    const details = { what: `YAML ${version}` };
    faults.add({ phase: 'syntax', code: 'CONFIG_YAML_UNSUPPORTED', place: empty.place, details });
  }
  if (root?.kind === 'map') return root;
  // After a fault it is not what was meant.
  if (document.errors.length > 0) return empty;
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) {
    faults.add({ phase: 'syntax', severity: 'warning', code: 'CONFIG_EMPTY', place: empty.place });
  } else {
    faults.add({ phase: 'syntax', code: 'CONFIG_ROOT', place: root.place, details: { actual: kindName(root) } });
  }
  return empty;
}

function tellErrors(document: Document, source: Source, faults: Faults, limits: Limits): void {
  const text = source.text ?? '';
  const lines = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    // One slip makes the parser stumble several times over the same line.
    const line = text.lastIndexOf('\n', Math.max(0, error.pos[0] - 1));
    if (lines.has(line) || (lines.size > 0 && error.code === 'UNEXPECTED_TOKEN')) continue;
    lines.add(line);
    // Told by the conversion, which knows the anchors and the limit.
    if (error.code === 'BAD_ALIAS' && error.message.startsWith('Unresolved alias')) continue;
    if (error.code === 'RESOURCE_EXHAUSTION' && faults.hasErrors) continue;
    const { code, start, end, reason, isLast } = complaintOf(error, document, text);
    const details = { reason, what: reason, limit: limits.maxDepth };
    faults.add({ phase: 'syntax', code, place: { source, start, end }, details });
    if (isLast === true) return;
  }
}

/** Nodes of the YAML library made into ours, in the order of the text. */
class Conversion {
  readonly #source: Source;
  readonly #faults: Faults;
  readonly #limits: Limits;
  /** The latest anchor of each name; undefined while what it names is still being read. */
  readonly #anchors = new Map<string, ConfigNode | undefined>();
  #aliases = 0;
  #nodes = 0;
  #isOverSize = false;

  constructor(source: Source, faults: Faults, limits: Limits) {
    this.#source = source;
    this.#faults = faults;
    this.#limits = limits;
  }

  convert(node: Node | null, depth = 0, at: Place = this.#place(node)): ConfigNode {
    this.#nodes++;
    const anchor = node !== null && !isAlias(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const converted = this.#isTooDeep(node, depth, at) ? this.#broken(at) : this.#convert(node, depth, at);
    if (anchor !== undefined) this.#anchors.set(anchor, converted);
    return converted;
  }

  #convert(node: Node | null, depth: number, at: Place): ConfigNode {
    if (node === null) return { kind: 'scalar', place: at, value: null };
    if (isAlias(node)) return this.#alias(node.source, depth, at);
    if (isMap(node)) return this.#map(node.items as Pair<Node, Node | null>[], depth, at);
    if (isSeq(node)) {
      return { kind: 'list', place: at, items: node.items.map((item) => this.convert(item as Node, depth + 1)) };
    }
    return this.#scalar(node, at);
  }

  #scalar(node: Scalar, at: Place): ScalarNode {
    const { value } = node;
    const isKnown = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return {
      kind: 'scalar',
      place: at,
      value: isKnown ? value : null,
      ...(node.type === Scalar.PLAIN ? { isPlain: true } : {}),
    };
  }

  #map(pairs: readonly Pair<Node, Node | null>[], depth: number, place: Place): MapNode {
    const entries = new Map<string, MapEntry>();
    const merged: { readonly value: ConfigNode; readonly place: Place }[] = [];
    for (const pair of pairs) {
      const keyPlace = this.#place(pair.key, place);
      const value = this.convert(pair.value, depth + 1, this.#place(pair.value, keyPlace));
      if (isScalar(pair.key) && pair.key.type === Scalar.PLAIN && pair.key.value === '<<') {
        merged.push({ value, place: this.#place(pair.value, keyPlace) });
        continue;
      }
      const key = this.#key(pair.key, keyPlace);
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first === undefined) entries.set(key, { keyPlace, value });
      else {
        this.#tell('CONFIG_DUPLICATE_KEY', keyPlace, { key }, [{ message: 'first here', place: first.keyPlace }]);
      }
    }
    for (const { value, place: at } of merged) this.#merge(entries, value, at);
    return { kind: 'map', place, entries };
  }

  /** What the map itself says is stronger, then the first of several. */
  #merge(entries: Map<string, MapEntry>, value: ConfigNode, at: Place): void {
    for (const each of value.kind === 'list' ? value.items : [value]) {
      if (each.kind !== 'map') {
        if (each.isBroken !== true) this.#tell('CONFIG_MERGE_KEY', at, {});
        continue;
      }
      const name = each.via?.[0]?.name ?? '<<';
      for (const [key, entry] of each.entries) {
        if (entries.has(key)) continue;
        entries.set(key, { ...entry, value: withPassage(entry.value, { how: 'merge', name, place: at }) });
      }
    }
  }

  #key(key: Node | null, at: Place): string | undefined {
    const value: unknown = isScalar(key) ? key.value : undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      const text = String(value);
      if (text !== '__proto__') return text;
    }
    this.#tell('CONFIG_KEY', at, {
      reason: value === '__proto__' ? '`__proto__` cannot be a key' : 'A key must be plain text',
    });
    return undefined;
  }

  #alias(name: string, depth: number, at: Place): ConfigNode {
    if (++this.#aliases > this.#limits.maxAliases) {
      if (this.#aliases === this.#limits.maxAliases + 1) {
        this.#tell('CONFIG_ALIAS_LIMIT', at, { limit: this.#limits.maxAliases });
      }
      return this.#broken(at);
    }
    if (!this.#anchors.has(name)) {
      const suggestion = nearest(name, this.#anchors.keys());
      this.#faults.add({
        phase: 'syntax',
        code: 'CONFIG_ALIAS_UNKNOWN',
        place: at,
        details: { anchor: name },
        suggestion: suggestion === undefined ? undefined : `*${suggestion}`,
      });
      return this.#broken(at);
    }
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#tell('CONFIG_CYCLE', at, { what: `The anchor &${name}`, chain: `*${name} stands within &${name}` });
      return this.#broken(at);
    }
    const { size, height } = extentOf(target);
    if (depth + height > this.#limits.maxDepth) {
      this.#tell('CONFIG_DEPTH', at, { limit: this.#limits.maxDepth });
      return this.#broken(at);
    }
    this.#nodes += size;
    if (this.#nodes > this.#limits.maxNodes) {
      if (!this.#isOverSize) this.#tell('CONFIG_SIZE', at, { limit: this.#limits.maxNodes });
      this.#isOverSize = true;
      return this.#broken(at);
    }
    return withPassage(target, { how: 'alias', name, place: at });
  }

  #isTooDeep(node: Node | null, depth: number, at: Place): boolean {
    if (depth <= this.#limits.maxDepth || !(isMap(node) || isSeq(node))) return false;
    this.#tell('CONFIG_DEPTH', { ...at, end: at.start + 1 }, { limit: this.#limits.maxDepth });
    return true;
  }

  #broken(place: Place): ScalarNode {
    return { kind: 'scalar', place, value: null, isBroken: true };
  }

  #tell(
    code: ConfigCode,
    place: Place,
    details: Readonly<Record<string, unknown>>,
    related: readonly { readonly message: string; readonly place: Place }[] = [],
  ): void {
    this.#faults.add({ phase: 'syntax', code, place, details, related });
  }

  #place(node: Node | null, fallback?: Place): Place {
    const range = node?.range;
    if (range === undefined || range === null) return fallback ?? { source: this.#source, start: 0, end: 0 };
    // An empty value has a range of no length, somewhere behind its key: the key is the better place.
    if (range[0] === range[1] && fallback !== undefined) return fallback;
    return { source: this.#source, start: range[0], end: range[1] };
  }
}
