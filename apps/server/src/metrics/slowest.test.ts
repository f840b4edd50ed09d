import { describe, expect, it } from 'vitest';
import { SlowestOperations } from './slowest.ts';

describe('SlowestOperations', () => {
  it('show the slowest first, by percentile or by maximum', () => {
    const slowest = new SlowestOperations();
    for (let i = 1; i <= 1_000; i++) slowest.observe('steady', 50);
    for (let i = 1; i <= 1_000; i++) slowest.observe('mostly quick', i === 1 ? 9_000 : 1);
    expect(slowest.top(5).map(({ operation }) => operation)).toEqual(['steady', 'mostly quick']);
    expect(slowest.top(1, 'max_ms')).toMatchObject([{ operation: 'mostly quick', count: 1_000, max_ms: 9_000 }]);
  });

  it('tell a percentile that is at most a fifth too high', () => {
    for (const scale of [0.2, 1, 40, 5_000]) {
      const slowest = new SlowestOperations();
      for (let i = 1; i <= 1_000; i++) slowest.observe('x', (i * scale) / 1_000);
      const p99 = slowest.top(1)[0]?.p99_ms as number;
      expect(p99).toBeGreaterThanOrEqual(0.99 * scale);
      expect(p99).toBeLessThanOrEqual(Math.min(scale, 0.99 * scale * 1.2 + 1e-9));
    }
  });

  it('take times of any length', () => {
    const slowest = new SlowestOperations();
    for (const ms of [0, 1e9]) slowest.observe('x', ms);
    expect(slowest.top(1)).toEqual([{ operation: 'x', count: 2, mean_ms: 5e8, p99_ms: 1e9, max_ms: 1e9 }]);
  });

  it('have room for 200 operations', () => {
    const slowest = new SlowestOperations();
    for (let i = 0; i < 1_000; i++) slowest.observe(`operation ${i}`, 1);
    const all = slowest.top(1_000);
    expect(all).toHaveLength(200);
    expect(all.find(({ operation }) => operation === 'other')?.count).toBe(801);
  });
});
