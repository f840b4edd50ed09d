/** A way through a tree: keys of maps, indices of lists. */
export type Path = readonly (string | number)[];

/** A way that stands for many: `endpoints[].port`; `[]` is any item, `*` any key. */
export interface Pattern {
  readonly text: string;
  readonly segments: readonly string[];
}

const ANY_ITEM = '[]';
const ANY_KEY = '*';

export function parsePattern(text: string): Pattern {
  const segments = text.split('.').flatMap((part) => {
    const items = /(?:\[\])*$/.exec(part)?.[0] ?? '';
    const key = part.slice(0, part.length - items.length);
    return [...(key === '' ? [] : [key]), ...Array.from({ length: items.length / 2 }, () => ANY_ITEM)];
  });
  return { text, segments };
}

/** Whether the whole of `path` is one that the pattern stands for. */
export function matches(pattern: Pattern, path: Path): boolean {
  return pattern.segments.length === path.length && matchesStart(pattern, path);
}

/** Whether `path` is one that the pattern stands for, or lies below one. */
export function covers(pattern: Pattern, path: Path): boolean {
  return pattern.segments.length <= path.length && matchesStart(pattern, path);
}

function matchesStart(pattern: Pattern, path: Path): boolean {
  return pattern.segments.every((segment, index) => {
    const part = path[index];
    return segment === ANY_ITEM ? typeof part === 'number' : segment === ANY_KEY || segment === part;
  });
}

/** Every value of plain data that the pattern stands for, in order. */
export function select(value: unknown, pattern: Pattern): { path: Path; value: unknown }[] {
  let found: { path: Path; value: unknown }[] = [{ path: [], value }];
  for (const segment of pattern.segments) {
    found = found.flatMap((at) =>
      children(at.value, segment).map(([part, inner]) => ({ path: [...at.path, part], value: inner })),
    );
  }
  return found;
}

function children(value: unknown, segment: string): [string | number, unknown][] {
  if (Array.isArray(value)) return segment === ANY_ITEM ? value.map((item, index) => [index, item]) : [];
  if (!isRecord(value)) return [];
  if (segment === ANY_KEY) return Object.entries(value);
  return Object.hasOwn(value, segment) ? [[segment, value[segment]]] : [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at `path` of plain data; undefined where nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (Array.isArray(at)) at = typeof part === 'number' ? at[part] : undefined;
    else if (isRecord(at) && Object.hasOwn(at, part)) at = at[part];
    else return undefined;
  }
  return at;
}

/**
 * The parts of a path as a person writes it: `endpoints[east].port`, `endpoints.east.port`, `labels["a.b"]`. Whether a
 * part is a key, an index or the id of an item, the tree decides. Undefined when it is no path.
 */
export function parseAddress(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  const part = /(?:^|\.)([^.[\]"=\s]+)|\[(?:"((?:[^"\\]|\\.)*)"|([^\]"]+))\]/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return undefined;
    parts.push(match[1] ?? match[3] ?? (match[2] as string).replace(/\\(.)/g, '$1'));
  }
  return parts.length === 0 ? undefined : parts;
}

/** The path as `parseAddress` reads it; `idOf` names an item by its id where it has one. */
export function formatPath(path: Path, idOf: (item: Path) => string | undefined = () => undefined): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${idOf(path.slice(0, index + 1)) ?? part}]`;
      if (!/^[^.[\]"=\s]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
