import { isDeepStrictEqual } from 'node:util';
import type { ResourceKind } from '@roundhouse/api';
import type { Fields } from './manifest.ts';

export interface FieldDifference {
  /** Dotted. */
  readonly path: string;
  /** Undefined where nothing is shown. */
  readonly from: unknown;
  readonly to: unknown;
}

export interface Comparison {
  readonly differences: readonly FieldDifference[];
  /** Paths that the manifest says and no answer of the server shows. */
  readonly notCompared: readonly string[];
}

const MASK = '[secret]';

/**
 * What a manifest says against what the server shows; `shown` is undefined for a resource that there is not yet. What a
 * manifest leaves out is not compared: it takes its default, which the server knows.
 */
export function compare(kind: ResourceKind, input: Fields, shown: Fields | undefined): Comparison {
  const { id: _id, ...said } = masked(
    input,
    (kind.secrets ?? []).map((path) => path.split('.')),
  );
  if (shown === undefined) {
    const differences = Object.entries(said).map(([path, to]) => ({ path, from: undefined, to }));
    return { differences, notCompared: [] };
  }
  return compareFields(kind.resource, said, shown, '');
}

function compareFields(schema: { readonly shape: Fields }, said: Fields, shown: Fields, prefix: string): Comparison {
  const differences: FieldDifference[] = [];
  const notCompared: string[] = [];
  for (const [name, to] of Object.entries(said)) {
    const path = prefix + name;
    const from = shown[name];
    const inner = bare(schema.shape[name]);
    if (inner === undefined) notCompared.push(path);
    else if (isObject(to) && isObject(from) && hasShape(inner)) {
      const nested = compareFields(inner, to, from, `${path}.`);
      differences.push(...nested.differences);
      notCompared.push(...nested.notCompared);
    } else if (isObject(to) && from === true) notCompared.push(path);
    else if (!isDeepStrictEqual(to, from)) differences.push({ path, from, to });
  }
  return { differences, notCompared };
}

function bare(schema: unknown): unknown {
  let at = schema;
  while (isWrapper(at)) at = at.unwrap();
  return at;
}

/** Optional and nullable schemas; a list unwraps too, and is none. */
function isWrapper(schema: unknown): schema is { unwrap(): unknown } {
  const type = (schema as { readonly type?: unknown } | undefined)?.type;
  return type === 'optional' || type === 'nullable';
}

function hasShape(schema: unknown): schema is { readonly shape: Fields } {
  return typeof schema === 'object' && schema !== null && 'shape' in schema;
}

function masked(fields: Fields, paths: ReadonlyArray<readonly string[]>): Fields {
  const entries = Object.entries(fields).map(([name, value]) => {
    const inner = paths.filter(([first]) => first === name).map(([, ...rest]) => rest);
    if (inner.length === 0) return [name, value];
    if (inner.some((rest) => rest.length === 0)) return [name, MASK];
    return [name, isObject(value) ? masked(value, inner) : value];
  });
  return Object.fromEntries(entries) as Fields;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
