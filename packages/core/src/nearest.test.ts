import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it.each([
    ['hots', 'host'],
    ['HOST', 'host'],
    ['prt', 'port'],
    ['code-page', 'code_page'],
    ['colour', undefined],
    ['', undefined],
  ])('finds for %j the candidate %j', (name, expected) => {
    expect(nearest(name, ['host', 'port', 'code_page'])).toBe(expected);
  });

  it('compares only the beginning of a long name', () => {
    expect(nearest('x'.repeat(100_000), ['x'.repeat(64)])).toBe('x'.repeat(64));
  });
});
