import { describe, expect, it } from 'vitest';
import { figure, quantileOf } from './figure.ts';

describe('quantileOf', () => {
  it.each([
    { samples: [5], quantile: 0.99, value: 5 },
    { samples: [3, 1, 2], quantile: 0.5, value: 2 },
    { samples: [4, 1, 3, 2], quantile: 0.5, value: 2.5 },
    { samples: [10, 20, 30, 40, 50], quantile: 1, value: 50 },
    { samples: [0, 100], quantile: 0.99, value: 99 },
  ])('gives $value at $quantile of $samples', ({ samples, quantile, value }) => {
    expect(quantileOf(samples, quantile)).toBe(value);
  });
});

describe('figure', () => {
  it('has median, spread and the ratio of the medians', () => {
    const { median, min, max, samples, peer } = figure('a', 'A', 'ms', [1, 9, 2], { name: 'other', samples: [8, 4] });
    expect({ median, min, max, samples }).toEqual({ median: 2, min: 1, max: 9, samples: 3 });
    expect(peer).toEqual({ name: 'other', median: 6, min: 4, max: 8, ratio: 1 / 3 });
  });

  it('stands alone when the peer was not measured', () => {
    expect(figure('a', 'A', 'ms', [1], { name: 'other', samples: [] })).not.toHaveProperty('peer');
  });

  it('is refused without samples', () => {
    expect(() => figure('a', 'A', 'ms', [])).toThrow(RangeError);
  });
});
