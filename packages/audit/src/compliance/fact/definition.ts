/** What a fact can be: CEL has a type for each. `items` is a list of maps with the fields named. */
type FactType = 'boolean' | 'number' | 'text' | 'texts' | 'items';

type FieldType = 'boolean' | 'number' | 'text';

export interface FactDefinition {
  readonly type: FactType;
  /** Of a number, or of the numbers in the fields; null for what is counted or has none. */
  readonly unit: string | null;
  /** One sentence without its full stop. */
  readonly meaning: string;
  /** Where it comes from. */
  readonly source: string;
  /** Of `items`. A field may be absent in an item: whatever asks for it there has no answer. */
  readonly fields?: Readonly<Record<string, FieldType>>;
}

type FactScalar = boolean | number | string;
type FactItem = Readonly<Record<string, FactScalar>>;
export type FactValue = FactScalar | readonly string[] | readonly FactItem[];

/** Most entries of a list, and most characters of a text: what is longer is not evidence but a dump. */
const MAX_ENTRIES = 10_000;
const MAX_TEXT = 4_096;

/** Why a value is not of the type; undefined when it is. */
export function factFault({ type, fields = {} }: FactDefinition, value: unknown): string | undefined {
  if (type === 'boolean' || type === 'number' || type === 'text') return scalarFault(type, value);
  if (!Array.isArray(value)) return 'a list is expected';
  if (value.length > MAX_ENTRIES) return `it has more than ${MAX_ENTRIES} entries`;
  for (const entry of value as unknown[]) {
    const fault = type === 'texts' ? scalarFault('text', entry) : itemFault(fields, entry);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function itemFault(fields: NonNullable<FactDefinition['fields']>, item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return 'each entry is a map';
  for (const [name, value] of Object.entries(item)) {
    const type = fields[name];
    const fault = type === undefined ? `there is no field ${name}` : scalarFault(type, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function scalarFault(type: FieldType, value: unknown): string | undefined {
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'true or false is expected';
  if (type === 'number') return Number.isFinite(value) ? undefined : 'a finite number is expected';
  if (typeof value !== 'string') return 'text is expected';
  if (!value.isWellFormed()) return 'text without halves of surrogate pairs is expected';
  return value.length > MAX_TEXT ? `it has more than ${MAX_TEXT} characters` : undefined;
}
