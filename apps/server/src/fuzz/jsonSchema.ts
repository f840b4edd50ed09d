/** The part of JSON Schema 2020-12 that the OpenAPI document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly examples?: readonly unknown[];
}

/** Schemas by name, as they stand under `components/schemas`. */
export type SchemaTable = Readonly<Record<string, JsonSchema>>;

const REF_PREFIX = '#/components/schemas/';

/** The schema that a reference means. Throws when there is none: the document is wrong then. */
export function resolve(schema: JsonSchema, table: SchemaTable): JsonSchema {
  let at = schema;
  while (at.$ref !== undefined) {
    const target = table[at.$ref.slice(REF_PREFIX.length)];
    if (!at.$ref.startsWith(REF_PREFIX) || target === undefined) throw new Error(`${at.$ref} leads nowhere`);
    at = target;
  }
  return at;
}

/** What a value has against a schema; undefined when nothing. The first fault with the place, never the value. */
export function faultOf(value: unknown, schema: JsonSchema, table: SchemaTable, at = ''): string | undefined {
  const rule = resolve(schema, table);
  const place = at === '' ? 'the whole' : at;
  if ('const' in rule && value !== rule.const) return `${place} is not ${JSON.stringify(rule.const)}`;
  if (rule.enum !== undefined && !rule.enum.includes(value)) return `${place} is none of the values listed`;
  const alternatives = rule.anyOf ?? rule.oneOf;
  if (alternatives !== undefined) {
    const faults = alternatives.map((each) => faultOf(value, each, table, at));
    if (!faults.includes(undefined)) return `${place} fits no alternative (${faults.join('; ')})`;
  }
  for (const each of rule.allOf ?? []) {
    const fault = faultOf(value, each, table, at);
    if (fault !== undefined) return fault;
  }
  const types = rule.type === undefined ? undefined : [rule.type].flat();
  if (types !== undefined && !types.some((type) => isOfType(value, type)))
    return `${place} is not ${types.join(' or ')}`;
  if (typeof value === 'string') return textFault(value, rule, place);
  if (typeof value === 'number') return numberFault(value, rule, place);
  if (Array.isArray(value)) return listFault(value, rule, table, at);
  if (typeof value === 'object' && value !== null) return objectFault(value as JsonObject, rule, table, at);
  return undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function textFault(value: string, { minLength = 0, maxLength = Infinity, pattern }: JsonSchema, place: string) {
  // JSON Schema counts code points.
  const { length } = [...value];
  if (length < minLength || length > maxLength) return `${place} has ${length} characters`;
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return `${place} does not match its pattern`;
  return undefined;
}

function numberFault(value: number, rule: JsonSchema, place: string): string | undefined {
  const { minimum = -Infinity, maximum = Infinity } = rule;
  const { exclusiveMinimum: above = -Infinity, exclusiveMaximum: below = Infinity } = rule;
  const fits = value >= minimum && value <= maximum && value > above && value < below;
  return fits ? undefined : `${place} is ${value}, out of its range`;
}

function listFault(value: readonly unknown[], rule: JsonSchema, table: SchemaTable, at: string): string | undefined {
  const { minItems = 0, maxItems = Infinity, items, prefixItems = [] } = rule;
  if (value.length < minItems || value.length > maxItems) return `${at} has ${value.length} items`;
  for (const [index, item] of value.entries()) {
    const schema = prefixItems[index] ?? items;
    const fault = schema && faultOf(item, schema, table, `${at}/${index}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function objectFault(value: JsonObject, rule: JsonSchema, table: SchemaTable, at: string): string | undefined {
  const { properties = {}, required = [], additionalProperties = true, propertyNames } = rule;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${at}/${missing} is missing`;
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known === undefined && additionalProperties === false) return `${at}/${name} is not in the document`;
    const schema = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    const fault =
      (schema && faultOf(inner, schema, table, `${at}/${name}`)) ??
      (propertyNames && known === undefined
        ? faultOf(name, propertyNames, table, `${at}/${name} (its name)`)
        : undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
