import { describe, expect, it } from 'vitest';
import { inRange } from './range.ts';

describe('inRange', () => {
  it.each([
    [0, { from: 0 }],
    [10, { to: 10 }],
    [0.001, { above: 0, to: 1 }],
    [3, { from: 1, to: 3, whole: true }],
  ])('lets %d through %j', (value, range) => {
    expect(inRange('policy', 'option', value, range)).toBe(value);
  });

  it.each([
    [-1, { from: 0 }, 'a number from 0'],
    [0, { above: 0 }, 'a number above 0'],
    [11, { above: 0, to: 10 }, 'a number above 0 up to 10'],
    [1.5, { from: 1, to: 3, whole: true }, 'a whole number from 1 up to 3'],
    [Number.NaN, {}, 'a number'],
    [Infinity, { from: 0 }, 'a number from 0'],
  ])('refuses %d for %j', (value, range, expected) => {
    expect(() => inRange('policy', 'option', value, range)).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        message: `The option of a policy must be ${expected}, not ${value}`,
      }),
    );
  });
});
