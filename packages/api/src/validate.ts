import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { nearest } from '@roundhouse/core';
import type { FieldProblem } from './problem.ts';

export type Validation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly FieldProblem[] };

/**
 * Checks one part of a request. Every fault comes with a pointer, unknown names with the nearest valid one; no fault
 * shows the value that was sent, which may be a secret.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: FieldProblem['in'],
): Validation<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const errors = result.error.issues.flatMap((issue) => explain(issue, schema, value));
  return { ok: false, errors: errors.slice(0, LIMITS.maxProblemErrors).map((error) => ({ in: part, ...error })) };
}

/**
 * Query values are text: those of parameters that are numbers or booleans become so before they are checked, and one
 * value of a parameter that may have several becomes a list.
 */
export function validateQuery<S extends z.ZodObject>(
  schema: S,
  query: Readonly<Record<string, unknown>>,
): Validation<z.output<S>> {
  const typed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(query)) {
    typed[name] = typeof value === 'string' ? typedQuery(unwrap(schema.shape[name]), value) : value;
  }
  return validate(schema, typed, 'query');
}

function typedQuery(schema: z.ZodType | undefined, text: string): unknown {
  if (schema instanceof z.ZodNumber) return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (schema instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true';
  return schema instanceof z.ZodArray ? [text] : text;
}

type Issue = z.core.$ZodIssue;
type Explained = Omit<FieldProblem, 'in'>;

function explain(issue: Issue, schema: z.ZodType, value: unknown, base: readonly PropertyKey[] = []): Explained[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, path, value);
      return issue.keys.map((key) => unknownName(pointer([...path, key]), 'Unknown field', key, known));
    }
    case 'invalid_value': {
      const sent = valueAt(value, path);
      const known = issue.values.map(String);
      if (typeof sent !== 'string') return [{ pointer: pointer(path), detail: `Expected ${oneOf(known)}` }];
      return [unknownName(pointer(path), `Expected ${oneOf(known)}`, sent, known)];
    }
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        const known = 'options' in issue ? (issue.options ?? []).map(String) : [];
        const sent = valueAt(value, path);
        const detail = `Expected ${oneOf(known)}`;
        return [
          typeof sent === 'string'
            ? unknownName(pointer(path), detail, sent, known)
            : { pointer: pointer(path), detail },
        ];
      }
      // The variant that accepts the kind of value is the one that was meant; its own faults say more.
      const meant = issue.errors.find(
        (branch) => !branch.some((each) => each.path.length === 0 && each.code === 'invalid_type'),
      );
      if (meant !== undefined) return meant.flatMap((each) => explain(each, schema, value, path));
      const expected = issue.errors.flat().flatMap((each) => (each.code === 'invalid_type' ? [each.expected] : []));
      return [{ pointer: pointer(path), detail: `Expected ${[...new Set(expected)].join(' or ')}` }];
    }
    case 'invalid_type':
      return [
        {
          pointer: pointer(path),
          detail: valueAt(value, path) === undefined ? `Required: ${issue.expected}` : `Expected ${issue.expected}`,
        },
      ];
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return [{ pointer: pointer(path), detail: issue.message }];
  }
}

function unknownName(at: string, detail: string, name: string, known: readonly string[]): Explained {
  const suggestion = nearest(name, known);
  return suggestion === undefined
    ? { pointer: at, detail }
    : { pointer: at, detail: `${detail}. Did you mean "${suggestion}"?`, suggestion };
}

function oneOf(values: readonly string[]): string {
  const shown = values.slice(0, 12).map((value) => `"${value}"`);
  if (shown.length === 1) return shown[0] as string;
  return `one of ${shown.join(', ')}${values.length > shown.length ? ', …' : ''}`;
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

/** Names that the schema knows for the object at `path`; of a discriminated union, those of the variant in use. */
function knownKeys(root: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let candidates: readonly z.ZodType[] = variants(root, value);
  path.forEach((part, depth) => {
    const inner = valueAt(value, path.slice(0, depth + 1));
    candidates = candidates.flatMap((schema) => {
      if (schema instanceof z.ZodArray) return variants(schema.element as z.ZodType, inner);
      if (schema instanceof z.ZodObject) return variants(schema.shape[String(part)] as z.ZodType | undefined, inner);
      return [];
    });
  });
  return candidates.flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []));
}

function variants(schema: z.ZodType | undefined, value: unknown): readonly z.ZodType[] {
  const bare = unwrap(schema);
  if (bare === undefined) return [];
  if (!(bare instanceof z.ZodUnion)) return [bare];
  const options = (bare.options as readonly z.ZodType[]).flatMap((option) => variants(option, value));
  if (!(bare instanceof z.ZodDiscriminatedUnion)) return options;
  const tag = bare.def.discriminator;
  const sent = valueAt(value, [tag]);
  return options.filter(
    (option) => option instanceof z.ZodObject && option.shape[tag]?.safeParse(sent).success === true,
  );
}

function unwrap(schema: unknown): z.ZodType | undefined {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodNullable) at = at.unwrap();
  return at instanceof z.ZodType ? at : undefined;
}
