import { isDeepStrictEqual } from 'node:util';
import type { ResourceKind } from '@roundhouse/api';
import { type Fields, isFields } from './fields.ts';
import { writtenFields } from './references.ts';

export interface FieldDifference {
  /** Dotted. */
  readonly path: string;
  /** Undefined where nothing is shown. */
  readonly from: unknown;
  /** Undefined where nothing is said. */
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
 * manifest leaves out is not compared, but with a kind that shows its specification: it takes its default, which the
 * server knows.
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
  const written = writtenFields(kind, shown);
  return written === shown ? compareFields(kind.resource, said, shown, '') : compareWritten(said, written, '');
}

function compareFields(schema: { readonly shape: Fields }, said: Fields, shown: Fields, prefix: string): Comparison {
  const differences: FieldDifference[] = [];
  const notCompared: string[] = [];
  for (const [name, to] of Object.entries(said)) {
    const path = prefix + name;
    const from = shown[name];
    const inner = bare(schema.shape[name]);
    if (inner === undefined) notCompared.push(path);
    else if (isFields(to) && isFields(from) && hasShape(inner)) {
      const nested = compareFields(inner, to, from, `${path}.`);
      differences.push(...nested.differences);
      notCompared.push(...nested.notCompared);
    } else if (isFields(to) && from === true) notCompared.push(path);
    else if (!isDeepStrictEqual(to, from)) differences.push({ path, from, to });
  }
  return { differences, notCompared };
}

/** With what was written: there a field that the manifest leaves out is a difference. */
function compareWritten(said: Fields, written: Fields, prefix: string): Comparison {
  const differences: FieldDifference[] = [];
  const notCompared: string[] = [];
  for (const name of new Set([...Object.keys(said), ...Object.keys(written)])) {
    const [path, from, to] = [prefix + name, written[name], said[name]];
    if (path === 'id') continue;
    if (to === MASK) notCompared.push(path);
    else if (isFields(to) && isFields(from)) {
      const nested = compareWritten(to, from, `${path}.`);
      differences.push(...nested.differences);
      notCompared.push(...nested.notCompared);
    } else if (!isDeepStrictEqual(to, from)) differences.push({ path, from, to });
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
    return [name, isFields(value) ? masked(value, inner) : value];
  });
  return Object.fromEntries(entries) as Fields;
}
