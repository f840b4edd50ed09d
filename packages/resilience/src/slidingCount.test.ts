import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingCount } from './slidingCount.ts';

describe('SlidingCount', () => {
  it('forgets by slices, the oldest first', () => {
    const count = new SlidingCount(1_000, 10);
    count.add(50);
    count.add(950);
    expect([999, 1_000, 1_899, 1_900].map((now) => count.total(now))).toEqual([2, 1, 1, 0]);
  });

  it('is empty after a silence longer than its window, and after being cleared', () => {
    const count = new SlidingCount(1_000);
    for (let slice = 0; slice < 10; slice++) count.add(slice * 100);
    expect(count.total(900)).toBe(10);
    expect(count.total(1e9)).toBe(0);
    count.add(1e9);
    count.clear();
    expect(count.total(1e9)).toBe(0);
  });

  it('counts all of the window less one slice, and nothing from before the window', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }), (gaps) => {
        const count = new SlidingCount(1_000, 10);
        const times: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          times.push(now);
          count.add(now);
          const since = (ms: number): number => times.filter((time) => time > now - ms).length;
          expect(count.total(now)).toBeGreaterThanOrEqual(since(900));
          expect(count.total(now)).toBeLessThanOrEqual(since(1_000));
        }
      }),
    );
  });
});
