import { type JsonSchema, resolve, type SchemaTable } from './jsonSchema.ts';
import type { Random } from './random.ts';

/** What a value is made with. */
export interface ValueContext {
  readonly random: Random;
  readonly table: SchemaTable;
  /** Values for fields of a name, in place of invented ones: hosts that are there, ids that exist, short waits. */
  readonly known: (name: string) => readonly unknown[] | undefined;
  /** Text for fields whose name says that they hold a secret; it must never come back. */
  readonly secret: string;
}

const SECRET_NAME = /(password|secret|private_key|^key$|^token$)/;
const MAX_DEPTH = 8;
const MAX_ITEMS = 3;

/** A value that the schema takes, as far as the schema says. `name`: of the field that it is for. */
export function validValue(schema: JsonSchema, context: ValueContext, name = '', depth = 0): unknown {
  const { random, table } = context;
  const rule = resolve(schema, table);
  const known = context.known(name);
  if (known !== undefined && known.length > 0 && isScalar(rule)) return random.pick(known);
  if ('const' in rule) return rule.const;
  if (rule.enum !== undefined) return random.pick(rule.enum);
  const alternatives = rule.anyOf ?? rule.oneOf;
  if (alternatives !== undefined) return validValue(random.pick(alternatives), context, name, depth);
  switch ([rule.type ?? 'object'].flat()[0]) {
    case 'string':
      return SECRET_NAME.test(name) ? context.secret : validText(rule, random);
    case 'integer':
    case 'number':
      return validNumber(rule, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    case 'array': {
      const { minItems = 0, maxItems = MAX_ITEMS, items = {} } = rule;
      const length =
        depth > MAX_DEPTH ? minItems : random.integer(minItems, Math.max(minItems, Math.min(maxItems, MAX_ITEMS)));
      return Array.from({ length }, () => validValue(items, context, name, depth + 1));
    }
    default:
      return validObject(rule, context, depth);
  }
}

function isScalar({ type, properties, items }: JsonSchema): boolean {
  return properties === undefined && items === undefined && type !== 'object' && type !== 'array';
}

function validObject(rule: JsonSchema, context: ValueContext, depth: number): Record<string, unknown> {
  const { random } = context;
  const { properties = {}, required = [], additionalProperties } = rule;
  const value: Record<string, unknown> = {};
  // Most requests say little; some say all there is.
  const fullness = random.pick([0.1, 0.3, 0.9]);
  for (const [name, inner] of Object.entries(properties)) {
    const isWanted = required.includes(name) || (depth <= MAX_DEPTH && random.chance(fullness));
    if (isWanted) value[name] = validValue(inner, context, name, depth + 1);
  }
  if (typeof additionalProperties === 'object') {
    const names = Array.from({ length: random.integer(0, 2) }, () => random.pick(['env', 'team', 'a1', 'x-y']));
    for (const name of names) value[name] = validValue(additionalProperties, context, name, depth + 1);
  }
  return value;
}

/** Texts that fit the patterns of the API; tried in turn against the pattern at hand. */
const WORDS = [
  'a',
  'demo',
  'mvs1',
  'READY',
  'prod-2',
  '037',
  '3279-2-E',
  '127.0.0.1',
  'https://127.0.0.1:9/hook',
  'DNS:a.example',
];
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2026-01-01T00:00:00Z', '2030-12-31T23:59:59.999Z'],
  ipv4: ['127.0.0.1', '192.0.2.7'],
  ipv6: ['::1', '2001:db8::7'],
  cidrv4: ['192.0.2.0/24'],
  cidrv6: ['2001:db8::/32'],
  uri: ['http://127.0.0.1:9/hook', 'https://example.test/'],
};

function validText({ minLength = 0, maxLength = 64, pattern, format, examples }: JsonSchema, random: Random): string {
  const written = [...(examples ?? []).filter((each) => typeof each === 'string'), ...(FORMATS[format ?? ''] ?? [])];
  if (written.length > 0 && random.chance(0.8)) return random.pick(written);
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  for (let tries = 0; tries < 12; tries++) {
    const text = random.pick(WORDS);
    if (text.length >= minLength && text.length <= maxLength && expression?.test(text) !== false) return text;
  }
  const length = random.integer(minLength, Math.min(maxLength, minLength + 12));
  return Array.from({ length }, () => random.pick([...'abcdefghXYZ019'])).join('');
}

function validNumber(rule: JsonSchema, random: Random): number {
  const { minimum = 0, maximum = 1_000, exclusiveMinimum, type } = rule;
  const from = exclusiveMinimum === undefined ? minimum : exclusiveMinimum + 1;
  const value = random.pick([
    from,
    Math.min(maximum, from + 1),
    random.integer(from, Math.min(maximum, from + 1_000)),
    maximum,
  ]);
  return type === 'number' && random.chance(0.2) && value + 0.5 <= maximum ? value + 0.5 : value;
}

/** Texts that readers of texts stumble over. */
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\u202e',
  'ä€𝄞',
  '../../etc/passwd',
  '${jndi:ldap://x}',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '{{7*7}}',
  '%s%n',
  'A'.repeat(300),
  'x'.repeat(5_000),
  '__proto__',
  'constructor',
  'toString',
];
const ODD_NUMBERS = [-1, 0, 0.5, -0, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 53, -(2 ** 63)];

/** Any JSON value at all. */
export function anyValue(random: Random, depth = 0): unknown {
  switch (random.integer(0, depth > 3 ? 4 : 6)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(ODD_NUMBERS);
    case 3:
    case 4:
      return random.pick(ODD_TEXTS);
    case 5:
      return Array.from({ length: random.integer(0, 4) }, () => anyValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.integer(0, 4) }, () => [random.pick(ODD_TEXTS), anyValue(random, depth + 1)]),
      );
  }
}

/** The value with one part of it changed, so that it may no longer be valid. The value itself stays as it is. */
export function damaged(value: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(value);
  const holders: Array<Record<string, unknown> | unknown[]> = [];
  collect(copy, holders);
  if (holders.length === 0) return anyValue(random);
  const holder = random.pick(holders);
  if (Array.isArray(holder)) damageList(holder, random);
  else damageObject(holder, random);
  return copy;
}

function collect(value: unknown, into: Array<Record<string, unknown> | unknown[]>): void {
  if (typeof value !== 'object' || value === null) return;
  into.push(value as Record<string, unknown> | unknown[]);
  for (const inner of Object.values(value)) collect(inner, into);
}

function damageList(list: unknown[], random: Random): void {
  if (list.length === 0 || random.chance(0.3)) list.push(anyValue(random));
  else if (random.chance(0.1)) list.push(...Array.from({ length: 1_100 }, () => list[0]));
  else list[random.integer(0, list.length - 1)] = anyValue(random);
}

function damageObject(holder: Record<string, unknown>, random: Random): void {
  const names = Object.keys(holder);
  const name = names.length === 0 ? 'x' : random.pick(names);
  switch (random.integer(0, 3)) {
    case 0:
      delete holder[name];
      break;
    case 1:
      // Defined, not assigned: `__proto__` is to be a name like any other.
      Object.defineProperty(holder, random.pick([...ODD_TEXTS, `${name}s`, name.toUpperCase()]), {
        value: anyValue(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      break;
    default:
      holder[name] = anyValue(random);
  }
}
