import { COLOR_NAMES, CONNECTION_STATES, KEY_NAMES, LOCK_REASONS, URL_PROBE_SCHEMES } from '@roundhouse/api';
import { PROBE_SCHEMES } from '@roundhouse/protocols/probe';
import { COLOR, type ConnectionState, KEYS, type LockReason } from '@roundhouse/tn3270';
import { describe, expect, expectTypeOf, it } from 'vitest';

describe('the words of the API are those of the parts', () => {
  it('keys', () => {
    expect([...KEY_NAMES].sort()).toEqual([...KEYS].sort());
  });

  it('connection states and lock reasons', () => {
    expectTypeOf<(typeof CONNECTION_STATES)[number]>().toEqualTypeOf<ConnectionState>();
    expectTypeOf<(typeof LOCK_REASONS)[number]>().toEqualTypeOf<LockReason>();
    expect(new Set(CONNECTION_STATES).size).toBe(CONNECTION_STATES.length);
    expect(new Set(LOCK_REASONS).size).toBe(LOCK_REASONS.length);
  });

  it('schemes of probes', () => {
    expect([...URL_PROBE_SCHEMES].sort()).toEqual([...PROBE_SCHEMES].sort());
  });

  it('colours, in the order of their codes', () => {
    const names = Object.entries(COLOR)
      .filter(([, code]) => code >= 0xf0)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase());
    expect(COLOR_NAMES).toEqual(names);
  });
});
