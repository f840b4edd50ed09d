import { Secret } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { createMask } from './mask.ts';

const mask = createMask();

describe('createMask', () => {
  it.each([
    'password',
    'Password',
    'new_password',
    'passwordHash',
    'client_secret',
    'clientSecret',
    'token',
    'access-token',
    'Authorization',
    'set-cookie',
    'api_key',
    'apiKey',
    'private_key',
    'pin',
    'key',
  ])('takes out what %s names', (key) => {
    expect(mask({ [key]: 'hunter2', deep: [{ [key]: { of: 'hunter2' } }] })).toEqual({
      [key]: '[masked]',
      deep: [{ [key]: '[masked]' }],
    });
  });

  it.each(['key_id', 'keyboard', 'monkey', 'tokenizer', 'spinning', 'host', 'description'])('leaves %s', (key) => {
    expect(mask({ [key]: 'value' })).toEqual({ [key]: 'value' });
  });

  it('says whether a secret is set', () => {
    expect(mask({ password: null, token: true })).toEqual({ password: null, token: true });
  });

  // Numbers that the networks publish for tests.
  it.each([
    ['4111111111111111', '************1111'],
    ['4111 1111 1111 1111', '**** **** **** 1111'],
    ['5555-5555-5555-4444', '****-****-****-4444'],
    ['378282246310005', '***********0005'],
    ['paid with 6011000990139424.', 'paid with ************9424.'],
    ['4222222222222', '*********2222'],
    ['2223003122003222', '************3222'],
  ])('masks the card in %s', (text, expected) => {
    expect(mask(text)).toBe(expected);
    expect(mask({ [text]: [text] })).toEqual({ [expected]: [expected] });
  });

  it.each(['4111111111111112', '1234567890123', '41111111', '0x4111111111111111ab', '1767225600000'])(
    'leaves %s, which is no card',
    (text) => {
      expect(mask(text)).toBe(text);
    },
  );

  it('masks a card that is a number, and leaves times', () => {
    expect(mask({ card: 4111111111111111, at: 1767225600000 })).toEqual({
      card: '************1111',
      at: 1767225600000,
    });
  });

  it.each([
    ['078-05-1120', '***-**-****'],
    ['SSN: 219-09-9999, born', 'SSN: ***-**-****, born'],
    ['000-12-3456', '000-12-3456'],
    ['900-12-3456', '900-12-3456'],
    ['2026-01-11', '2026-01-11'],
  ])('masks the social security number in %s', (text, expected) => {
    expect(mask(text)).toBe(expected);
  });

  it('never prints a Secret, however deep', () => {
    const text = JSON.stringify(mask({ a: [new Secret('hunter2')], b: new Map([['c', new Secret('hunter2')]]) }));
    expect(text).not.toContain('hunter2');
  });

  it('takes names and patterns that are asked for', () => {
    const own = createMask({ keys: ['Badge'], patterns: [/EMP-\d+/i] });
    expect(own({ badge: '17', note: 'emp-12 and EMP-13' })).toEqual({
      badge: '[masked]',
      note: '[masked] and [masked]',
    });
  });

  it('is total: cycles, getters that throw, bytes, and depth', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const hostile = {
      get bad(): never {
        throw new Error('no');
      },
    };
    const json = mask({ cycle, hostile, when: new Date(0), bytes: Buffer.from('x'), big: 10n, nan: NaN, fn: () => 1 });
    expect(canonicalJson(json)).toContain('"when":"1970-01-01T00:00:00.000Z"');
    expect(canonicalJson(json)).toContain('"[1 bytes]"');
  });

  it('stops at a bound however large the value is', () => {
    expect(canonicalJson(mask(Array.from({ length: 100_000 }, () => [1]))).length).toBeLessThan(100_000);
  });

  it('gives JSON for anything, and the same when it is applied again', () => {
    const digits = fc.stringMatching(/^[ \d-]{0,30}$/);
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      values: [digits, fc.string({ unit: 'binary' }), fc.double(), fc.boolean()],
    });
    fc.assert(
      fc.property(anything, (value) => {
        const once = mask(value);
        expect(canonicalJson(mask(once))).toBe(canonicalJson(once));
      }),
      { numRuns: 500 },
    );
  });
});
