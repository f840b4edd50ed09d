import { nearest } from '@roundhouse/core';
import type { z } from 'zod';
import { childShapes, isListShape, keysOfShapes, type Shapes, shapesOf, takesAnyKey } from '../check/shape.ts';
import { type ConfigNode, covering, type MapEntry, type MapNode, nodeOf } from '../node.ts';
import { parseAddress, type Path } from '../path.ts';
import type { Faults } from '../report/faults.ts';
import { namedSource, type Source, wholeOf } from '../source.ts';
import { idOf, type KeyOf } from './merge.ts';

/** A value that was set while running, and until when. */
export interface Override {
  readonly path: string;
  /** JSON. */
  readonly value: unknown;
  /** ms since 1970; undefined for no end. */
  readonly expiresAt: number | undefined;
  /** Who set it. */
  readonly by: string;
}

export interface Overlay {
  readonly schema: z.ZodObject;
  readonly keyOf: KeyOf;
  readonly faults: Faults;
}

/** Variables such as `ROUNDHOUSE__endpoints__east__port`: keys in any case, ids with `_` for `-` and `.`. */
export function applyVariables(
  root: MapNode,
  variables: Readonly<Record<string, string | undefined>>,
  prefix: string,
  overlay: Overlay,
): MapNode {
  let result = root;
  for (const name of Object.keys(variables).toSorted()) {
    const text = variables[name];
    if (!name.startsWith(prefix) || text === undefined) continue;
    const source = namedSource('environment', `environment ${name}`);
    const parts = name.slice(prefix.length).split('__');
    const assigned = assign(result, parts, injected(text, source), overlay, isSameVariable);
    if ('root' in assigned) {
      result = assigned.root;
      continue;
    }
    const { reason, suggestion } = assigned;
    overlay.faults.add({
      phase: 'composition',
      code: 'CONFIG_VARIABLE_UNKNOWN',
      place: wholeOf(source),
      details: { variable: name, reason },
      suggestion: suggestion === undefined ? undefined : prefix + suggestion.join('__'),
    });
  }
  return result;
}

/** Settings of the command line, `path=value`, in their order. */
export function applySettings(root: MapNode, settings: readonly string[], overlay: Overlay): MapNode {
  let result = root;
  for (const setting of settings) {
    const [, path = '', text] = /^((?:\[(?:"(?:[^"\\]|\\.)*"|[^\]])*\]|[^=[])*)=(.*)$/s.exec(setting) ?? [];
    const parts = parseAddress(path);
    // The value may be a secret; the path names the setting well enough.
    const source = namedSource('command_line', path === '' ? '--set' : `--set ${path}`);
    if (parts === undefined || text === undefined) {
      const reason = path === '' ? 'A setting has a path and a value' : `\`${path}\` is not a path`;
      overlay.faults.add({ phase: 'composition', code: 'CONFIG_SETTING', place: wholeOf(source), details: { reason } });
      continue;
    }
    const assigned = assign(result, parts, injected(text, source), overlay, isSame);
    if ('root' in assigned) result = assigned.root;
    else tellPath(overlay.faults, path, source, assigned);
  }
  return result;
}

/** Overrides that have not expired at `now`, ms since 1970, in their order. */
export function applyOverrides(root: MapNode, overrides: readonly Override[], now: number, overlay: Overlay): MapNode {
  let result = root;
  for (const { path, value, expiresAt, by } of overrides) {
    if (expiresAt !== undefined && expiresAt <= now) continue;
    const until = expiresAt === undefined ? '' : ` until ${new Date(expiresAt).toISOString()}`;
    const source = namedSource('override', `override by ${by}${until}`);
    const parts = parseAddress(path);
    const assigned: Assigned =
      parts === undefined || isDeeperThan(MAX_PARTS, value)
        ? { reason: parts === undefined ? 'that is not a path' : 'its value is nested too deep', suggestion: undefined }
        : assign(result, parts, nodeOf(value, wholeOf(source)), overlay, isSame);
    if ('root' in assigned) result = assigned.root;
    else tellPath(overlay.faults, path, source, assigned);
  }
  return result;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function injected(text: string, source: Source): ConfigNode {
  return { kind: 'scalar', place: wholeOf(source), value: text, isInjected: true };
}

function tellPath(faults: Faults, path: string, source: Source, { reason, suggestion }: Unassigned): void {
  faults.add({
    phase: 'composition',
    code: 'CONFIG_PATH_UNKNOWN',
    place: wholeOf(source),
    path,
    details: { path, reason },
    suggestion: suggestion?.join('.'),
  });
}

type Assigned = { readonly root: MapNode } | Unassigned;

interface Unassigned {
  readonly reason: string;
  /** The whole path with the part that is not known replaced. */
  readonly suggestion: readonly string[] | undefined;
}

type Same = (written: string, name: string) => boolean;

const isSame: Same = (written, name) => written === name;

/** Shells take neither `-` nor `.` in names, and their users like capitals. */
const isSameVariable: Same = (written, name) => variableForm(written) === variableForm(name);

function variableForm(name: string): string {
  return name.toLowerCase().replaceAll(/[-.]/g, '_');
}

/** Parts of a path, and levels of the value of an override. */
const MAX_PARTS = 32;

class UnknownPart extends Error {
  readonly index: number;
  readonly known: readonly string[];

  constructor(reason: string, index: number, known: readonly string[]) {
    super(reason);
    this.index = index;
    this.known = known;
  }
}

function assign(root: MapNode, parts: readonly string[], leaf: ConfigNode, overlay: Overlay, same: Same): Assigned {
  if (parts.length > MAX_PARTS) return { reason: `it has more than ${MAX_PARTS} parts`, suggestion: undefined };
  try {
    return { root: set(root, shapesOf(overlay.schema, root), 0, []) as MapNode };
  } catch (error) {
    if (!(error instanceof UnknownPart)) throw error;
    const near = nearest(parts[error.index] as string, error.known);
    const suggestion =
      near === undefined ? undefined : parts.map((part, index) => (index === error.index ? near : part));
    return { reason: error.message, suggestion };
  }

  function set(node: ConfigNode | undefined, shapes: Shapes, index: number, path: Path): ConfigNode {
    const part = parts[index];
    if (part === undefined) return node === undefined ? leaf : covering(leaf, node);
    if (node?.kind === 'list' || (node === undefined && isListShape(shapes))) return setItem(node, shapes, index, path);
    if (node !== undefined && node.kind !== 'map' && !isEmpty(node) && keysOfShapes(shapes).length === 0) {
      throw new UnknownPart(`\`${parts.slice(0, index).join('.')}\` is a single value`, index, []);
    }
    const base = node?.kind === 'map' ? node : undefined;
    const key = keyFor(part, shapes, base, index);
    const entries = new Map<string, MapEntry>(base?.entries);
    const known = entries.get(key);
    const value = set(known?.value, childShapes(shapes, key, known?.value), index + 1, [...path, key]);
    entries.set(key, { keyPlace: known?.keyPlace ?? leaf.place, value });
    return base === undefined ? { kind: 'map', place: leaf.place, entries } : { ...base, entries };
  }

  function keyFor(part: string, shapes: Shapes, node: MapNode | undefined, index: number): string {
    const names = [...new Set([...keysOfShapes(shapes), ...(node?.entries.keys() ?? [])])];
    if (names.includes(part)) return part;
    const alike = names.filter((name) => same(part, name));
    if (alike.length === 1) return alike[0] as string;
    if (part !== '' && takesAnyKey(shapes)) return part;
    throw new UnknownPart(part === '' ? 'a part of the name is empty' : `there is no key \`${part}\``, index, names);
  }

  function setItem(list: ConfigNode | undefined, shapes: Shapes, index: number, path: Path): ConfigNode {
    const items = list?.kind === 'list' ? [...list.items] : [];
    const at = itemFor(parts[index] as string, items, path, index);
    items[at] = set(items[at], childShapes(shapes, at, items[at]), index + 1, [...path, at]);
    return list?.kind === 'list' ? { ...list, items } : { kind: 'list', place: leaf.place, items };
  }

  function itemFor(part: string, items: readonly ConfigNode[], path: Path, index: number): number {
    const key = overlay.keyOf(path);
    const ids = key === undefined ? [] : items.map((item) => idOf(item, key) ?? '');
    const exact = ids.indexOf(part);
    if (exact !== -1) return exact;
    const alike = ids.flatMap((id, at) => (same(part, id) ? [at] : []));
    if (alike.length === 1) return alike[0] as number;
    // One behind the last appends.
    if (/^\d{1,6}$/.test(part) && Number(part) <= items.length) return Number(part);
    throw new UnknownPart(`there is no item \`${part}\``, index, ids);
  }
}

function isEmpty(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
