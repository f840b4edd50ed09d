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

/** Whether a text under one of `paths` is there as it is, and not sealed. */
export function hasPlainText(fields: Fields, paths: readonly string[]): boolean {
  return paths.some((path) => {
    const value = path.split('.').reduce<unknown>((at, name) => (isFields(at) ? at[name] : undefined), fields);
    return isPlain(value);
  });
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.some(isPlain);
  return isFields(value) && !Object.hasOwn(value, SEALED) && Object.values(value).some(isPlain);
}

/** A copy that has nothing at `paths`. */
export function hideFields(fields: Fields, paths: readonly string[]): Fields {
  return paths.reduce<Fields>((result, path) => hideAt(result, path.split('.')), fields);
}

function hideAt(fields: Fields, [name, ...rest]: readonly string[]): Fields {
  if (name === undefined || !Object.hasOwn(fields, name)) return fields;
  const { [name]: value, ...others } = fields;
  if (rest.length === 0) return others;
  return isFields(value) ? { ...others, [name]: hideAt(value, rest) } : fields;
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
  return mapEach(value, (each) => mapTexts(each, change));
}

function openAll(value: unknown, sealer: Sealer, context: string): unknown {
  const sealed = isFields(value) ? value[SEALED] : undefined;
  if (typeof sealed === 'string') return sealer.open(sealed, context);
  return mapEach(value, (each) => openAll(each, sealer, context));
}

/** A copy with others in the places of what a list or map has; anything else is itself. */
function mapEach(value: unknown, change: (each: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, change(each)]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
