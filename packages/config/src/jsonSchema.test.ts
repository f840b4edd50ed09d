import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definition } from './product.fixture.ts';
import { jsonSchemaOf } from './jsonSchema.ts';

const schema = jsonSchemaOf(definition, { id: 'https://example.com/roundhouse.schema.json', title: 'Roundhouse' });
const check = z.fromJSONSchema(schema);

describe('jsonSchemaOf', () => {
  it('is draft-07 with id, title, descriptions and defaults', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://example.com/roundhouse.schema.json',
      title: 'Roundhouse',
      properties: {
        server: {
          properties: {
            host: { default: '127.0.0.1', description: 'Address that it listens on.' },
            port: { default: 7070 },
          },
        },
      },
    });
  });

  it.each([
    ['plain values', { server: { port: 5 }, endpoints: [{ id: 'a', host: 'h', port: 23, tls: true }] }],
    ['substitutions in place of numbers', { server: { port: '${PORT:-5}' } }],
    ['substitutions in place of truth values', { endpoints: [{ id: 'a', host: 'h', tls: '${TLS}' }] }],
    ['substitutions in place of choices', { server: { log_level: '${LEVEL}' } }],
    [
      'templates and their use',
      {
        templates: { m: { parameters: { port: 'integer' }, body: { port: '${with.port}' } } },
        endpoints: [{ id: 'a', use: 'm' }],
      },
    ],
    ['what is extended', { extends: ['a.yaml'], server: {} }],
    ['directives', { endpoints: { $append: [{ id: 'a', host: 'h' }], $remove: ['b'] } }],
    ['anchors', { 'x-anything': [1] }],
  ])('takes %s', (_what, value) => expect(check.safeParse(value).error?.issues).toBeUndefined());

  it.each([
    ['unknown keys', { server: { prot: 5 } }],
    ['text in place of a number', { server: { port: 'five' } }],
    ['a choice that is none', { server: { log_level: 'loud' } }],
    ['an unknown part of a template', { templates: { m: { bdy: {} } } }],
  ])('refuses %s', (_what, value) => expect(check.safeParse(value).success).toBe(false));

  it('lets a template give what an item needs', () => {
    expect(schema).toHaveProperty('properties.endpoints.anyOf.0.items.anyOf', [
      { required: ['use'] },
      { required: ['id', 'host'] },
    ]);
  });
});
