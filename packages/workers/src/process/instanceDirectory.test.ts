import { describe, expect, it } from 'vitest';
import { parseClaim, parseRun } from './instanceDirectory.ts';

describe('a record of a run', () => {
  it('is read when it is whole', () => {
    expect(parseRun('42 900 boot token 3 .\n')).toEqual({
      process: { pid: 42, startTime: 900, bootId: 'boot' },
      token: 'token',
      shim: 3,
    });
  });

  it('is none when any of it is missing', () => {
    const text = '42 900 boot token 3 .\n';
    for (let length = 0; length < text.length; length += 1) expect(parseRun(text.slice(0, length))).toBeUndefined();
  });
});

describe('the claim of a shim', () => {
  const identity = { pid: 42, startTime: 900, bootId: 'boot' };

  it.each([
    ['42 900 boot .\n', undefined, undefined],
    ['42 900 boot sockets 0123abcd .\n', '0123abcd', undefined],
    ['42 900 boot refused [::1]:80 is in use already .\n', undefined, '[::1]:80 is in use already'],
  ])('%j is read when it is whole, and none when any of it is missing', (text, sockets, refusal) => {
    expect(parseClaim(text)).toEqual({ process: identity, sockets, refusal });
    for (let length = 0; length < text.length; length += 1) expect(parseClaim(text.slice(0, length))).toBeUndefined();
  });
});
