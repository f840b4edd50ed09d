/** Keeps text unreadable where it is stored; `context` binds it to its place. */
export interface Sealer {
  seal(text: string, context: string): string;
  /** Raises SEAL_KEY_UNKNOWN, SEAL_BROKEN. */
  open(sealed: string, context: string): string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What stands in the place of a sealed text. */
const SEALED = '$sealed';

/** A copy in which every text under one of the dotted `paths` is sealed. */
export function sealFields<T extends Fields>(
  fields: T,
  paths: readonly string[],
  sealer: Sealer,
  context: string,
): Fields {
  return paths.reduce<Fields>(
    (result, path) =>
      replaceAt(result, path.split('.'), (value) =>
        mapTexts(value, (text) => ({ [SEALED]: sealer.seal(text, `${context}/${path}`) })),
      ),
    fields,
  );
}

/** The copy that `sealFields` was made from. */
export function openFields(fields: Fields, paths: readonly string[], sealer: Sealer, context: string): Fields {
  return paths.reduce<Fields>(
    (result, path) => replaceAt(result, path.split('.'), (value) => openAll(value, sealer, `${context}/${path}`)),
    fields,
  );
}

/** `fields`, with those at `paths` that it does not have taken over from `before`. */
export function keepFields<T extends Fields>(fields: T, before: Fields, paths: readonly string[]): T {
  return paths.reduce<Fields>((result, path) => keepAt(result, before, path.split('.')), fields) as T;
}

function keepAt(fields: Fields, before: Fields, [name, ...rest]: readonly string[]): Fields {
  const [now, then] = name === undefined ? [] : [fields[name], before[name]];
  if (name === undefined || then === undefined) return fields;
  if (rest.length === 0) return now === undefined ? { ...fields, [name]: then } : fields;
  return isFields(now) && isFields(then) ? { ...fields, [name]: keepAt(now, then, rest) } : fields;
}

function replaceAt(fields: Fields, [name, ...rest]: readonly string[], change: (value: unknown) => unknown): Fields {
  const value = name === undefined ? undefined : fields[name];
  if (name === undefined || value === undefined || value === null) return fields;
  if (rest.length === 0) return { ...fields, [name]: change(value) };
  return isFields(value) ? { ...fields, [name]: replaceAt(value, rest, change) } : fields;
}

function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  return Array.isArray(value) ? value.map((each) => mapTexts(each, change)) : value;
}

function openAll(value: unknown, sealer: Sealer, context: string): unknown {
  if (Array.isArray(value)) return value.map((each) => openAll(each, sealer, context));
  const sealed = isFields(value) ? value[SEALED] : undefined;
  return typeof sealed === 'string' ? sealer.open(sealed, context) : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
