import { describe, expect, it } from 'vitest';
import { endpointInputSchema, endpointPutSchema } from './endpoint.ts';
import { endpointGroupInputSchema } from './endpointGroup.ts';
import { inputSchema } from './input.ts';
import { LIMITS } from './limits.ts';
import { migrateSchema } from './operation.ts';
import { screenQuerySchema } from './screen.ts';
import { createSessionSchema } from './session.ts';
import { validate, validateQuery } from './validate.ts';
import { workersLogsQuerySchema } from './worker/logLine.ts';

function faults(
  schema: Parameters<typeof validate>[0],
  value: unknown,
): ReadonlyArray<readonly [string, string | undefined]> {
  const result = validate(schema, value, 'body');
  return result.ok ? [] : result.errors.map((error) => [error.pointer, error.suggestion] as const);
}

describe('validate', () => {
  it.each([
    ['a field of the body', inputSchema, { acions: [], actions: [] }, '/acions', 'actions'],
    [
      'a field of one action',
      inputSchema,
      { actions: [{ type: 'text', text: 'x', txet: 1 }] },
      '/actions/0/txet',
      'text',
    ],
    ['the type of an action', inputSchema, { actions: [{ type: 'txt' }] }, '/actions/0/type', 'text'],
    ['a key', inputSchema, { actions: [{ type: 'key', key: 'Entr' }] }, '/actions/0/key', 'Enter'],
    ['a key in the wrong case', inputSchema, { actions: [{ type: 'key', key: 'enter' }] }, '/actions/0/key', 'Enter'],
    [
      'a field of the wait',
      inputSchema,
      { actions: [], wait: { for: 'text', text: 'x', colum: 3 } },
      '/wait/colum',
      'column',
    ],
    [
      'a field behind a union',
      createSessionSchema,
      { host: 'h', port: 1, tls: { verfy: true } },
      '/tls/verfy',
      'verify',
    ],
    ['a behaviour', createSessionSchema, { host: 'h', port: 1, compat: { tn3270: true } }, '/compat/tn3270', 'tn3270e'],
  ])('points at an unknown name and gives the nearest: %s', (_title, schema, value, pointer, suggestion) => {
    expect(faults(schema, value)).toEqual([[pointer, suggestion]]);
  });

  it.each([
    ['neither a group nor an address', createSessionSchema, {}, '', 'Expected "group", or "host" and "port"'],
    ['both', createSessionSchema, { group: 'g', host: 'h', port: 1 }, '', 'Expected "group", or "host" and "port"'],
    ['a host without a port', createSessionSchema, { host: 'h' }, '', 'Expected "host" and "port" together'],
    [
      'an endpoint without a group',
      createSessionSchema,
      { host: 'h', port: 1, endpoint: 'e' },
      '/endpoint',
      'Goes with "group" only',
    ],
    [
      'an affinity key without a group',
      createSessionSchema,
      { host: 'h', port: 1, affinity_key: 'k' },
      '/affinity_key',
      'Goes with "group" only',
    ],
    ['a migration to nowhere', migrateSchema, {}, '', 'Expected "endpoint", or "host" and "port"'],
    [
      'a migration to two places',
      migrateSchema,
      { endpoint: 'e', host: 'h', port: 1 },
      '',
      'Expected "endpoint", or "host" and "port"',
    ],
    ['a migration to half an address', migrateSchema, { port: 1 }, '', 'Expected "host" and "port" together'],
    [
      'an id that is no word',
      endpointInputSchema,
      { id: 'a b', host: 'h', port: 1 },
      '/id',
      'Expected letters, digits, dots, dashes and underscores',
    ],
  ])('says what belongs together: %s', (_title, schema, value, pointer, detail) => {
    expect(validate(schema, value, 'body')).toEqual({ ok: false, errors: [{ in: 'body', pointer, detail }] });
  });

  it.each([
    ['a session in a group', createSessionSchema, { group: 'g', endpoint: 'e', affinity_key: 'k' }],
    ['a migration to an endpoint', migrateSchema, { endpoint: 'e' }],
    ['a migration to an address', migrateSchema, { host: 'h', port: 1 }],
    ['an endpoint that is changed', endpointPutSchema, { host: 'h', port: 1 }],
  ])('takes %s', (_title, schema, value) => {
    expect(validate(schema, value, 'body')).toEqual({ ok: true, value });
  });

  it.each([
    ['a strategy', endpointGroupInputSchema, { id: 'g', strategy: 'p2' }, '/strategy', 'p2c'],
    [
      'a part of a group',
      endpointGroupInputSchema,
      { id: 'g', failover: { enable: true } },
      '/failover/enable',
      'enabled',
    ],
    [
      'a kind of probe',
      endpointInputSchema,
      { id: 'e', host: 'h', port: 1, probe: { kind: 'tn327' } },
      '/probe/kind',
      'tn3270',
    ],
  ])('suggests %s', (_title, schema, value, pointer, suggestion) => {
    expect(faults(schema, value)).toEqual([[pointer, suggestion]]);
  });

  it('gives no suggestion for a name that is near to nothing', () => {
    expect(faults(inputSchema, { actions: [], zzzzzzzz: 1 })).toEqual([['/zzzzzzzz', undefined]]);
  });

  it('never shows the value that was sent', () => {
    const result = validate(
      createSessionSchema,
      { host: 's3cret value', port: 's3cret', tls: { key: ['s3cret'] } },
      'body',
    );
    expect(JSON.stringify(result)).not.toContain('s3cret');
    expect(result.ok).toBe(false);
  });

  it('escapes pointers as RFC 6901 has it', () => {
    expect(faults(inputSchema, { actions: [], 'a/b~c': 1 })).toEqual([['/a~1b~0c', undefined]]);
  });

  it('names each kind that a union takes', () => {
    const result = validate(createSessionSchema, { host: 'h', port: 1, tls: 3 }, 'body');
    expect(result).toMatchObject({ ok: false, errors: [{ pointer: '/tls', detail: 'Expected boolean or object' }] });
  });

  it('lists a bounded number of faults', () => {
    const result = validate(inputSchema, { actions: Array.from({ length: 500 }, () => 1) }, 'body');
    expect(result).toMatchObject({ ok: false, errors: { length: LIMITS.maxProblemErrors } });
  });

  it('does not take strings for numbers in a body', () => {
    expect(faults(createSessionSchema, { host: 'h', port: '23' })).toEqual([['/port', undefined]]);
  });

  it.each([
    [
      'one action too many',
      inputSchema,
      { actions: Array.from({ length: LIMITS.maxActions + 1 }, () => ({ type: 'key', key: 'Tab' })) },
    ],
    ['a text too long', inputSchema, { actions: [{ type: 'text', text: 'x'.repeat(LIMITS.maxTextLength + 1) }] }],
    ['a wait too long', inputSchema, { actions: [], wait: { for: 'unlocked', timeout_ms: LIMITS.maxTimeoutMs + 1 } }],
    [
      'too much metadata',
      createSessionSchema,
      {
        host: 'h',
        port: 1,
        metadata: Object.fromEntries(
          Array.from({ length: LIMITS.maxMetadataKeys + 1 }, (_, index) => [`k${index}`, '']),
        ),
      },
    ],
    ['port 0', createSessionSchema, { host: 'h', port: 0 }],
    ['a host with a path', createSessionSchema, { host: 'h/x', port: 1 }],
  ])('refuses %s', (_title, schema, value) => {
    expect(validate(schema, value, 'body').ok).toBe(false);
  });

  it('takes the whole example of a session', () => {
    const request = {
      host: '127.0.0.1',
      port: 3271,
      tls: false,
      lu: null,
      model: '3279-2-E',
      code_page: '037',
      application: 'demo',
      user: null,
      compat: {},
      wait: 'screen',
    };
    expect(validate(createSessionSchema, request, 'body')).toEqual({ ok: true, value: request });
  });
});

describe('validateQuery', () => {
  it('reads integers from text', () => {
    expect(validateQuery(screenQuerySchema, { after: '17', timeout_ms: '5000' })).toEqual({
      ok: true,
      value: { after: 17, timeout_ms: 5000 },
    });
  });

  it.each(['', '1.5', '1e3', 'x', '-1', '99999999999999999999'])('refuses %j as a version', (after) => {
    expect(validateQuery(screenQuerySchema, { after })).toMatchObject({
      ok: false,
      errors: [{ in: 'query', pointer: '/after' }],
    });
  });

  it('refuses a parameter given twice', () => {
    expect(validateQuery(screenQuerySchema, { after: ['1', '2'] }).ok).toBe(false);
  });

  it('reads booleans, and lists that are given once or more', () => {
    const read = (query: Record<string, unknown>) => validateQuery(workersLogsQuerySchema, query);
    expect(read({ worker: 'a', follow: 'true' })).toEqual({ ok: true, value: { worker: ['a'], follow: true } });
    expect(read({ worker: ['a', 'b'], follow: 'false' })).toMatchObject({ ok: true, value: { worker: ['a', 'b'] } });
    expect(read({ worker: 'a', follow: 'yes' })).toMatchObject({ ok: false, errors: [{ pointer: '/follow' }] });
    expect(read({})).toMatchObject({ ok: false, errors: [{ pointer: '/worker' }] });
  });

  it('suggests the parameter that was meant', () => {
    expect(validateQuery(screenQuerySchema, { fromat: 'text' })).toMatchObject({
      errors: [{ pointer: '/fromat', suggestion: 'format' }],
    });
  });
});
