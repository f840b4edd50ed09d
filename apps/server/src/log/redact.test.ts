import { coreError, Secret } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSensitiveName, MASK, redactFields, redactText, redactValue } from './redact.ts';

describe('names', () => {
  it.each([
    'password',
    'db_password',
    'userPasswd',
    'passphrase',
    'token',
    'access_token',
    'refreshTokens',
    'Authorization',
    'Proxy-Authorization',
    'secret',
    'client_secret',
    'webhook_secrets',
    'Cookie',
    'Set-Cookie',
    'api_key',
    'X-Api-Key',
    'apiKey',
    'private_key',
    'credentials',
    'key',
    'screen_data',
  ])('%s is sensitive', (name) => expect(isSensitiveName(name)).toBe(true));

  it.each([
    'id',
    'key_count',
    'keyboard',
    'tokenizer',
    'author',
    'authentication',
    'monkey',
    'affinity_key',
    'pf_keys',
  ])('%s is not', (name) => expect(isSensitiveName(name)).toBe(false));
});

describe('text', () => {
  it.each([
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [secret]'],
    ['sent "Basic dXNlcjpwYXNz" to it', 'sent "Basic [secret]" to it'],
    ['postgres://app:hunter22@db:5432/x?y=1', 'postgres://app:[secret]@db:5432/x?y=1'],
    ['signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'signed with [secret]'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end', 'jwt [secret] end'],
    ['connect password=hunter22 user=joe', 'connect password=[secret] user=joe'],
    ['{"api_key":"hunter22","a":1}', '{"api_key":[secret],"a":1}'],
    [`${'x'.repeat(100)}_token = hunter22`, `${'x'.repeat(100)}_token = [secret]`],
    ['secrets: "hunter 22", a', 'secrets: [secret], a'],
    ['-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\nrest', '[secret]\nrest'],
    ['http://127.0.0.1:7070/livez', 'http://127.0.0.1:7070/livez'],
    ['the token is missing', 'the token is missing'],
  ])('%j becomes %j', (text, masked) => expect(redactText(text)).toBe(masked));
});

describe('fields', () => {
  it('are the same object when there is nothing to hide', () => {
    const fields = { session_id: 's', elapsed_ms: 3, ok: true, nothing: null, list: undefined };
    expect(redactFields(fields)).toBe(fields);
  });

  it('hide by type wherever a Secret is', () => {
    const secret = new Secret('hunter22');
    expect(
      redactFields({
        a: secret,
        b: [secret],
        c: { d: { e: secret } },
        f: new Map([['g', secret]]),
        h: new Set([secret]),
      }),
    ).toEqual({ a: MASK, b: [MASK], c: { d: { e: MASK } }, f: { g: MASK }, h: [MASK] });
  });

  it('leave the argument as it was', () => {
    const headers = { authorization: 'Bearer hunter22', host: 'x' };
    expect(redactFields({ first: 1, headers, last: 2 })).toEqual({
      first: 1,
      headers: { authorization: MASK, host: 'x' },
      last: 2,
    });
    expect(headers.authorization).toBe('Bearer hunter22');
  });

  it('tell whether something is set, but not what', () => {
    expect(redactFields({ password: true, token: null, secret: 4711 })).toEqual({
      password: true,
      token: null,
      secret: MASK,
    });
  });

  it('hide what a cause says', () => {
    const cause = new Error('login failed for postgres://app:hunter22@db/x');
    const error = coreError('INTERNAL', { details: { reason: 'x', token: 'hunter22' }, cause });
    const text = JSON.stringify(redactFields({ error }));
    expect(text).not.toContain('hunter22');
    expect(text).toContain('"code":"INTERNAL"');
    expect(text).toContain('login failed');
  });

  it('are bounded in depth, members and text', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(JSON.stringify(redactFields(loop)).length).toBeLessThan(200);
    const text = JSON.stringify(
      redactFields({ list: Array.from({ length: 100_000 }, () => ({ a: 1 })), long: 'x'.repeat(1e6) }),
    );
    expect(text.length).toBeLessThan(20_000);
  });

  it('take what JSON does not', () => {
    expect(
      redactValue({
        big: 12n,
        run: () => {},
        date: new Date(Number.NaN),
        bytes: Buffer.from('hunter22'),
        url: new URL('http://a:hunter22@b/'),
      }),
    ).toEqual({ big: '12', run: '[function]', date: null, bytes: '[8 bytes]', url: `http://a:${MASK}@b/` });
  });

  it('never show a value with a sensitive name, however deep it stands', () => {
    const name = fc.constantFrom('password', 'access_token', 'Set-Cookie', 'client_secret');
    const wrap = fc.array(fc.constantFrom('object', 'array', 'map', 'error'), { maxLength: 8 });
    fc.assert(
      fc.property(name, wrap, (sensitive, layers) => {
        let value: unknown = { [sensitive]: 'hunter22' };
        for (const layer of layers) {
          if (layer === 'object') value = { other: 1, value };
          else if (layer === 'array') value = [1, value];
          else if (layer === 'map') value = new Map([['value', value]]);
          else value = coreError('INTERNAL', { details: { value } });
        }
        expect(JSON.stringify(redactFields({ value }))).not.toContain('hunter22');
      }),
    );
  });
});
