import { describe, expect, it } from 'vitest';
import { type Span, slices, slicesDown } from './slices.ts';

describe('slices', () => {
  it.each([
    [{ first: 1, last: 0 }, []],
    [{ first: 5, last: 5 }, [[5, 5]]],
    [
      { first: 1, last: 6 },
      [
        [1, 3],
        [4, 6],
      ],
    ],
    [
      { first: 2, last: 8 },
      [
        [2, 4],
        [5, 7],
        [8, 8],
      ],
    ],
  ])('of %j are %j', (span, expected) => {
    expect([...slices(span, 3)].map(({ first, last }) => [first, last])).toEqual(expected);
  });

  it('go down from the end and cover the same', () => {
    const numbers = (spans: Iterable<Span>): number[] =>
      [...spans].flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
    const down = [...slicesDown({ first: 2, last: 9 }, 3)];
    expect(down[0]).toEqual({ first: 7, last: 9 });
    expect(numbers(down.toReversed())).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
