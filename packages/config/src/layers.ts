import { basename, dirname, join, resolve as resolvePath } from 'node:path';
import { nearest, type Scope } from '@roundhouse/core';
import type { Files } from './files.ts';
import type { Limits } from './limits.ts';
import { type MapNode, textOf } from './node.ts';
import type { Faults } from './report/faults.ts';
import { type LayerKind, namedSource, type Place, type Source, wholeOf } from './source.ts';
import { decode } from './syntax/encoding.ts';
import { parseYaml } from './syntax/parse.ts';
import { isSystemError, reasonOf } from './systemError.ts';

export interface Reading {
  readonly files: Files;
  readonly scope: Scope;
  readonly limits: Limits;
  readonly faults: Faults;
  /** Every file that was read or looked for, each time. */
  readonly paths: string[];
}

/** A packaged profile as a layer; undefined with a fault when there is none of the name. */
export function readProfile(
  name: string,
  profiles: Readonly<Record<string, string>>,
  { faults, limits }: Reading,
): MapNode | undefined {
  const text = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const known = Object.keys(profiles);
  if (text === undefined) {
    faults.add({
      phase: 'composition',
      code: 'CONFIG_PROFILE_UNKNOWN',
      place: wholeOf(namedSource('profile', `profile ${name}`)),
      details: { profile: name, known: known.length === 0 ? 'none' : known.map((each) => `\`${each}\``).join(', ') },
      suggestion: nearest(name, known),
    });
    return undefined;
  }
  return parseYaml({ layer: 'profile', name: `profile ${name}`, text, directory: undefined }, faults, limits);
}

/** The file and all that it extends, weakest first. */
export async function readChain(
  path: string,
  layer: LayerKind,
  reading: Reading,
  use?: Place,
  chain: readonly string[] = [],
): Promise<MapNode[]> {
  const { faults, limits, paths } = reading;
  const full = resolvePath(path);
  const details = { what: 'The file', chain: [...chain, full].map((each) => basename(each)).join(' → ') };
  if (use !== undefined && chain.includes(full)) {
    faults.add({ phase: 'composition', code: 'CONFIG_CYCLE', place: use, path: 'extends', details });
    return [];
  }
  if (use !== undefined && chain.length >= limits.maxIncludeDepth) {
    const limit = limits.maxIncludeDepth;
    faults.add({ phase: 'composition', code: 'CONFIG_INCLUDE_DEPTH', place: use, path: 'extends', details: { limit } });
    return [];
  }
  if (use !== undefined && paths.length >= limits.maxFiles) {
    unreadable(faults, basename(full), use, `there are more than ${limits.maxFiles} files`);
    return [];
  }
  paths.push(full);
  const node = await readFile(path, layer, reading, use);
  if (node === undefined) return [];
  const below: MapNode[] = [];
  for (const { path: parent, place } of parents(node, faults)) {
    const target = resolvePath(dirname(full), parent);
    below.push(...(await readChain(target, 'extends', reading, place, [...chain, full])));
  }
  const entries = new Map(node.entries);
  entries.delete('extends');
  return [...below, { ...node, entries }];
}

function parents(node: MapNode, faults: Faults): { readonly path: string; readonly place: Place }[] {
  const value = node.entries.get('extends')?.value;
  if (value === undefined || value.isBroken === true) return [];
  return (value.kind === 'list' ? value.items : [value]).flatMap((item) => {
    const path = textOf(item);
    if (path !== undefined && path !== '') return [{ path, place: item.place }];
    faults.add({ phase: 'composition', code: 'CONFIG_EXTENDS', place: item.place, path: 'extends' });
    return [];
  });
}

/** The `*.yaml` and `*.yml` files of a directory by name, each with what it extends; `isOptional`: it may be missing. */
export async function readDirectory(directory: string, isOptional: boolean, reading: Reading): Promise<MapNode[]> {
  const { files, scope, faults, paths } = reading;
  paths.push(directory);
  let names: readonly string[];
  try {
    names = await scope.race(files.list(directory));
  } catch (error) {
    scope.throwIfEnded();
    if (isOptional && isSystemError(error) && error.code === 'ENOENT') return [];
    unreadable(faults, directory, wholeOf(namedSource('directory', directory)), reasonOf(error));
    return [];
  }
  const layers: MapNode[] = [];
  const wanted = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).toSorted();
  for (const name of wanted.slice(0, reading.limits.maxFiles)) {
    layers.push(...(await readChain(join(directory, name), 'directory', reading)));
  }
  if (wanted.length > reading.limits.maxFiles) {
    const place = wholeOf(namedSource('directory', directory));
    unreadable(faults, directory, place, `it holds more than ${reading.limits.maxFiles} files`);
  }
  return layers;
}

async function readFile(path: string, layer: LayerKind, reading: Reading, use?: Place): Promise<MapNode | undefined> {
  const { files, scope, faults, limits } = reading;
  const source = (text: string | undefined): Source => ({
    layer,
    name: path,
    text,
    directory: dirname(resolvePath(path)),
  });
  let bytes: Uint8Array;
  try {
    bytes = await scope.race(files.read(path, limits.maxFileBytes));
  } catch (error) {
    scope.throwIfEnded();
    unreadable(faults, path, use ?? wholeOf(source(undefined)), reasonOf(error));
    return undefined;
  }
  if (bytes.length > limits.maxFileBytes) {
    const details = { file: path, limit: limits.maxFileBytes };
    faults.add({ phase: 'syntax', code: 'CONFIG_FILE_TOO_LARGE', place: use ?? wholeOf(source(undefined)), details });
    return undefined;
  }
  const decoded = decode(bytes);
  const from = source(decoded.text);
  if ('code' in decoded) {
    const place = { source: from, start: decoded.offset, end: decoded.offset + 1 };
    faults.add({ phase: 'syntax', code: decoded.code, place, details: decoded.details });
    return undefined;
  }
  return parseYaml(from, faults, limits);
}

function unreadable(faults: Faults, file: string, place: Place, reason: string): void {
  faults.add({ phase: 'syntax', code: 'CONFIG_FILE_UNREADABLE', place, details: { file, reason } });
}
