import { z } from 'zod';
import type { Definition, KeyedList } from './definition.ts';
import { isRecord, matches, type Path, parsePattern } from './path.ts';

export interface JsonSchemaOptions {
  /** Where it is published. */
  readonly id: string;
  readonly title: string;
}

type JsonSchema = Record<string, unknown>;

const SUBSTITUTION: JsonSchema = { type: 'string', pattern: '\\$\\{[^}]+\\}' };

/**
 * The JSON Schema (draft-07) of a file of the configuration, for editors: what the schema takes, `${…}` in place of
 * any scalar, and what composition adds: `extends`, `templates`, `use`, `$replace`, `$append`, `$remove`.
 */
export function jsonSchemaOf<S extends z.ZodObject>(definition: Definition<S>, options: JsonSchemaOptions): JsonSchema {
  const generated = z.toJSONSchema(definition.schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const { $schema: _, definitions, ...root } = generated as JsonSchema;
  const lists = definition.keyedLists ?? [];
  const body = extendObject(root, [], lists);
  const properties = isRecord(body['properties']) ? body['properties'] : {};
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: options.id,
    ...body,
    title: options.title,
    properties: {
      extends: {
        description: 'Files that this one builds on; relative to it, later ones are stronger.',
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
      templates: TEMPLATES,
      ...properties,
    },
    patternProperties: { '^x-': { description: 'Ignored: a place for anchors.' } },
    // Another layer may give what this file leaves out.
    required: [],
    ...(isRecord(definitions)
      ? {
          definitions: Object.fromEntries(
            Object.entries(definitions).map(([name, each]) => [name, extend(each, undefined, lists)]),
          ),
        }
      : {}),
  };
}

const TEMPLATES: JsonSchema = {
  description: 'Parts that are written once: `use: { template: NAME, with: { … } }` puts one in place.',
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: {
      description: { type: 'string' },
      extends: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      parameters: {
        type: 'object',
        additionalProperties: {
          anyOf: [
            { enum: ['string', 'integer', 'number', 'boolean', 'list', 'map'] },
            {
              type: 'object',
              additionalProperties: false,
              required: ['type'],
              properties: {
                type: { enum: ['string', 'integer', 'number', 'boolean', 'list', 'map'] },
                default: {},
                description: { type: 'string' },
              },
            },
          ],
        },
      },
      body: { type: 'object' },
    },
  },
};

const USE: JsonSchema = {
  description: 'The template whose body stands below the keys here.',
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['template'],
      properties: { template: { type: 'string' }, with: { type: 'object' } },
    },
  ],
};

const NAMES: JsonSchema = { type: 'array', items: { type: ['string', 'number'] } };

/** `path` is undefined within definitions, which may stand anywhere. */
function extend(schema: unknown, path: Path | undefined, lists: readonly KeyedList[]): unknown {
  if (!isRecord(schema)) return schema;
  for (const name of ['anyOf', 'oneOf', 'allOf']) {
    const options = schema[name];
    if (Array.isArray(options)) return { ...schema, [name]: options.map((each) => extend(each, path, lists)) };
  }
  const { type } = schema;
  if (type === 'object') return extendObject(schema, path, lists);
  if (type === 'array') return extendList(schema, path, lists);
  const isOpen = type === undefined && schema['enum'] === undefined && schema['const'] === undefined;
  const isFreeText =
    type === 'string' && ['enum', 'const', 'pattern', 'format', 'minLength'].every((key) => schema[key] === undefined);
  return isOpen || isFreeText ? schema : alternative(schema, SUBSTITUTION);
}

function extendObject(schema: JsonSchema, path: Path | undefined, lists: readonly KeyedList[]): JsonSchema {
  const own = isRecord(schema['properties']) ? schema['properties'] : {};
  const properties = Object.fromEntries(
    Object.entries(own).map(([key, inner]) => [key, extend(inner, path && [...path, key], lists)]),
  );
  const { required, additionalProperties, ...rest } = schema;
  const isComposable = Object.keys(own).length > 0;
  return {
    ...rest,
    ...(isComposable ? { properties: { ...properties, use: USE, $remove: NAMES } } : {}),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: extend(additionalProperties, path && [...path, '*'], lists) }),
    // A template may give what is missing beside `use`.
    ...(Array.isArray(required) && required.length > 0 ? { anyOf: [{ required: ['use'] }, { required }] } : {}),
  };
}

function extendList(schema: JsonSchema, path: Path | undefined, lists: readonly KeyedList[]): JsonSchema {
  const items = extend(schema['items'], path && [...path, 0], lists);
  const list = items === undefined ? schema : { ...schema, items };
  const key = path === undefined ? undefined : lists.find((each) => matches(parsePattern(each.path), path))?.key;
  const edits = {
    type: 'object',
    additionalProperties: false,
    properties: {
      $replace: { type: 'array', ...(items === undefined ? {} : { items }) },
      $append: { type: 'array', ...(items === undefined ? {} : { items }) },
      $remove: {
        ...NAMES,
        description: key === undefined ? 'Items to take out.' : `The \`${key}\` of items to take out.`,
      },
    },
  };
  return alternative(list, edits);
}

/** Keeps what describes the value outside, where editors look for it. */
function alternative(schema: JsonSchema, other: JsonSchema): JsonSchema {
  const { description, default: fallback, examples, title, ...inner } = schema;
  const notes = Object.fromEntries(
    Object.entries({ title, description, default: fallback, examples }).filter(([, value]) => value !== undefined),
  );
  return { ...notes, anyOf: [inner, other] };
}
