import { nearest } from '@roundhouse/core';
import type { KeyedList } from '../definition.ts';
import type { ConfigCode } from '../errors.ts';
import {
  type ConfigNode,
  covering,
  kindName,
  type ListNode,
  type MapEntry,
  mapItems,
  type MapNode,
  mapValues,
  type ScalarValue,
} from '../node.ts';
import { matches, type Path, parsePattern, type Pattern } from '../path.ts';
import type { Faults } from '../report/faults.ts';
import type { Place } from '../source.ts';

/** Which lists merge by which key. */
export type KeyOf = (list: Path) => string | undefined;

export function keysOf(lists: readonly KeyedList[]): KeyOf {
  const patterns: readonly { readonly pattern: Pattern; readonly key: string }[] = lists.map(({ path, key }) => ({
    pattern: parsePattern(path),
    key,
  }));
  return (list) => patterns.find(({ pattern }) => matches(pattern, list))?.key;
}

/** The id of an item of a keyed list. */
export function idOf(item: ConfigNode | undefined, key: string): string | undefined {
  const id = item?.kind === 'map' ? item.entries.get(key)?.value : undefined;
  if (id?.kind !== 'scalar' || id.value === null || id.isBroken === true) return undefined;
  return String(id.value);
}

export interface Merging {
  readonly keyOf: KeyOf;
  readonly faults: Faults;
}

/**
 * `upper` over `lower`: maps merge by key, keyed lists by the id of their items, all else is replaced. In place of a
 * list or a map may stand `$replace`, or `$append` and `$remove`; a map takes `$remove` beside its keys. Directives
 * with nothing below them stay for what may come below yet, a template; `finish` ends that.
 */
export function merge(lower: ConfigNode | undefined, upper: ConfigNode, path: Path, merging: Merging): ConfigNode {
  if (lower === undefined) return upper;
  const base = settled(lower, path, merging);
  if (upper.kind === 'map') return applyMap(base, upper, path, merging);
  return upper.kind === 'list' ? mergeLists(base, upper, path, merging) : covering(upper, base);
}

/** As `merge`, of maps that must stay one: a directive that makes something else of them is a fault. */
export function mergeWhole(lower: MapNode | undefined, upper: MapNode, path: Path, merging: Merging): MapNode {
  return asMap(merge(lower, upper, path, merging), upper, merging);
}

/** Carries out the directives that have nothing below them. */
export function finish(root: MapNode, merging: Merging): MapNode {
  return asMap(finishNode(root, [], merging), root, merging);
}

function finishNode(node: ConfigNode, path: Path, merging: Merging): ConfigNode {
  const own = settled(node, path, merging);
  const finishChild = (child: ConfigNode, part: string | number): ConfigNode =>
    child.kind === 'scalar' ? child : finishNode(child, [...path, part], merging);
  if (own.kind === 'list') return mapItems(own, finishChild);
  return own.kind === 'map' ? mapValues(own, finishChild) : own;
}

function asMap(node: ConfigNode, from: MapNode, { faults }: Merging): MapNode {
  if (node.kind === 'map') return node;
  const place = from.entries.values().next().value?.keyPlace ?? from.place;
  const details = { reason: `A map must stand here, not ${kindName(node)}` };
  faults.add({ phase: 'composition', code: 'CONFIG_DIRECTIVE', place, details });
  return { ...from, entries: new Map(), isBroken: true };
}

function settled(node: ConfigNode, path: Path, merging: Merging): ConfigNode {
  return node.kind === 'map' && hasDirective(node) ? applyMap(undefined, node, path, merging) : node;
}

function applyMap(lower: ConfigNode | undefined, upper: MapNode, path: Path, merging: Merging): ConfigNode {
  const { replace, append, remove } = directivesOf(upper);
  if (replace !== undefined) {
    if (upper.entries.size > 1) tell(merging, upper.entries, '$replace', '`$replace` stands alone');
    return lower === undefined ? replace.value : covering(replace.value, lower);
  }
  const isEdit = append !== undefined || (remove !== undefined && lower?.kind === 'list');
  return isEdit ? editList(lower, upper, path, merging) : mergeMaps(lower, upper, path, merging);
}

/** Other keys with this sign are keys like any. */
const DIRECTIVE = /^\$[a-z]+$/;

interface Directives {
  readonly replace: MapEntry | undefined;
  readonly append: MapEntry | undefined;
  readonly remove: MapEntry | undefined;
}

function directivesOf(node: MapNode): Directives {
  const { entries } = node;
  return { replace: entries.get('$replace'), append: entries.get('$append'), remove: entries.get('$remove') };
}

function mergeMaps(lower: ConfigNode | undefined, upper: MapNode, path: Path, merging: Merging): ConfigNode {
  const base = lower?.kind === 'map' ? lower : undefined;
  const entries = new Map<string, MapEntry>(base?.entries);
  const remove = upper.entries.get('$remove');
  if (remove !== undefined) {
    for (const { value, place } of names(remove, merging)) {
      if (!entries.delete(String(value))) nothingRemoved(merging, String(value), place, base?.entries.keys());
    }
  }
  for (const [key, entry] of upper.entries) {
    if (key === '$remove') continue;
    if (DIRECTIVE.test(key)) {
      unknownDirective(merging, key, entry.keyPlace);
      continue;
    }
    const known = entries.get(key);
    if (known === undefined) entries.set(key, entry);
    else {
      const value = merge(known.value, entry.value, [...path, key], merging);
      entries.set(key, { keyPlace: known.keyPlace, value });
    }
  }
  // Both are the map; it stands where it was written first, and that is where something is missing.
  if (base !== undefined) {
    const isBroken = base.isBroken === true || upper.isBroken === true;
    return { ...base, entries, ...(isBroken ? { isBroken } : {}), ...viaOf(base, upper) };
  }
  const merged = { ...upper, entries };
  return lower === undefined ? merged : covering(merged, lower);
}

function hasDirective(node: MapNode): boolean {
  for (const key of node.entries.keys()) if (DIRECTIVE.test(key)) return true;
  return false;
}

function viaOf(lower: MapNode, upper: MapNode): Pick<MapNode, 'via'> {
  const via = [...(upper.via ?? []), ...(lower.via ?? [])];
  return via.length === 0 ? {} : { via };
}

function mergeLists(lower: ConfigNode, upper: ListNode, path: Path, merging: Merging): ConfigNode {
  const key = merging.keyOf(path);
  if (key !== undefined && lower.kind === 'list') {
    return { ...lower, items: mergeItems(lower.items, upper.items, key, path, merging) };
  }
  return covering(upper, lower);
}

/** Items of one id become one; a second of the same id within one layer stays, to be told as a duplicate. */
function mergeItems(
  lower: readonly ConfigNode[],
  upper: readonly ConfigNode[],
  key: string,
  path: Path,
  merging: Merging,
): ConfigNode[] {
  const items = [...lower];
  const places = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const id = idOf(item, key);
    if (id !== undefined && !places.has(id)) places.set(id, index);
  }
  for (const item of upper) {
    const id = idOf(item, key);
    const index = id === undefined ? undefined : places.get(id);
    if (id === undefined || index === undefined) {
      items.push(item);
    } else {
      items[index] = merge(items[index], item, [...path, index], merging);
      places.delete(id);
    }
  }
  return items;
}

function editList(lower: ConfigNode | undefined, upper: MapNode, path: Path, merging: Merging): ConfigNode {
  const { append, remove } = directivesOf(upper);
  for (const [name, entry] of upper.entries) {
    if (name !== '$append' && name !== '$remove') {
      if (DIRECTIVE.test(name)) unknownDirective(merging, name, entry.keyPlace);
      else tell(merging, upper.entries, name, '`$append` and `$remove` take no other keys beside them');
    }
  }
  if (lower !== undefined && lower.kind !== 'list') {
    const reason = `\`$append\` changes a list, but a weaker layer has ${kindName(lower)}`;
    merging.faults.add({ phase: 'composition', code: 'CONFIG_DIRECTIVE', place: upper.place, details: { reason } });
    return { ...lower, isBroken: true };
  }
  const key = merging.keyOf(path);
  let items = [...(lower?.items ?? [])];
  if (remove !== undefined) {
    for (const { value, place } of names(remove, merging)) {
      const nameOf = (item: ConfigNode): ScalarValue | undefined =>
        item.kind === 'scalar' ? item.value : key === undefined ? undefined : idOf(item, key);
      const rest = items.filter((item) => nameOf(item) !== value);
      if (rest.length === items.length) {
        nothingRemoved(
          merging,
          String(value),
          place,
          items.map(nameOf).filter((each) => typeof each === 'string'),
        );
      }
      items = rest;
    }
  }
  if (append !== undefined) {
    if (append.value.kind !== 'list') tell(merging, upper.entries, '$append', '`$append` takes a list');
    else items.push(...append.value.items);
  }
  return lower === undefined ? { kind: 'list', place: upper.place, items } : { ...lower, items };
}

function names(remove: MapEntry, { faults }: Merging): { readonly value: ScalarValue; readonly place: Place }[] {
  const { value } = remove;
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    if (item.kind === 'scalar') return [{ value: item.value, place: item.place }];
    const reason = '`$remove` takes names';
    faults.add({ phase: 'composition', code: 'CONFIG_DIRECTIVE', place: remove.keyPlace, details: { reason } });
    return [];
  });
}

function nothingRemoved({ faults }: Merging, name: string, place: Place, known: Iterable<string> = []): void {
  const suggestion = nearest(name, known);
  const code: ConfigCode = 'CONFIG_NOTHING_REMOVED';
  faults.add({ phase: 'composition', severity: 'warning', code, place, details: { name }, suggestion });
}

function unknownDirective({ faults }: Merging, name: string, place: Place): void {
  const reason = `\`${name}\` is no directive`;
  const suggestion = nearest(name, ['$replace', '$append', '$remove']);
  faults.add({ phase: 'composition', code: 'CONFIG_DIRECTIVE', place, details: { reason }, suggestion });
}

function tell({ faults }: Merging, entries: ReadonlyMap<string, MapEntry>, key: string, reason: string): void {
  const place = (entries.get(key) as MapEntry).keyPlace;
  faults.add({ phase: 'composition', code: 'CONFIG_DIRECTIVE', place, details: { reason } });
}
