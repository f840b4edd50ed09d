import { describe, expect, it } from 'vitest';
import { parseIdentity, parseRun } from './instanceDirectory.ts';

describe('a record of a run', () => {
  it('is read when it is whole', () => {
    expect(parseRun('42 900 boot token 3 .\n')).toEqual({
      process: { pid: 42, startTime: 900, bootId: 'boot' },
      token: 'token',
      shim: 3,
    });
    expect(parseIdentity('42 900 boot .\n')).toEqual({ pid: 42, startTime: 900, bootId: 'boot' });
  });

  it('is none when any of it is missing', () => {
    const text = '42 900 boot token 3 .\n';
    for (let length = 0; length < text.length; length += 1) expect(parseRun(text.slice(0, length))).toBeUndefined();
    const identity = '42 900 boot .\n';
    for (let length = 0; length < identity.length; length += 1)
      expect(parseIdentity(identity.slice(0, length))).toBeUndefined();
  });
});
