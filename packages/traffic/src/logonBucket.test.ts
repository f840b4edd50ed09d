import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogonBucket } from './logonBucket.ts';

it('gives at most the burst and what arrived meanwhile, in any span of time, and no less under demand', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 }),
      (perSecond, burst, gaps) => {
        const bucket = new LogonBucket({ perSecond, burst });
        const taken: number[] = [];
        let now = 0;
        let tokens = burst;
        for (const gap of gaps) {
          now += gap;
          tokens = Math.min(burst, tokens + (gap * perSecond) / 1000);
          const isReady = bucket.readyAt <= now;
          // Rounding decides where the model stands exactly at a whole token.
          if (Math.abs(tokens - 1) > 1e-6) expect(isReady).toBe(tokens >= 1);
          if (!isReady) continue;
          bucket.take(now);
          tokens -= 1;
          taken.push(now);
        }
        taken.forEach((from, first) => {
          taken.slice(first).forEach((to, further) => {
            expect(further + 1).toBeLessThanOrEqual(burst + ((to - from) * perSecond) / 1000 + 1e-6);
          });
        });
      },
    ),
  );
});

it.each([
  ['a higher rate', { perSecond: 10, burst: 2 }, 100],
  ['a larger burst', { perSecond: 2, burst: 3 }, 0],
  ['a smaller burst', { perSecond: 2, burst: 1 }, 500],
  ['the same rate', { perSecond: 2, burst: 2 }, 500],
])('under %s goes on from the tokens that are missing', (_, rate, waitMs) => {
  const bucket = new LogonBucket({ perSecond: 2, burst: 2 });
  bucket.take(1_000);
  bucket.take(1_000);
  bucket.configure(rate, 1_000);
  expect(bucket.readyAt - 1_000).toBe(waitMs);
});

it('gives no more than its rates allow, however often they are set', () => {
  const bucket = new LogonBucket({ perSecond: 1, burst: 5 });
  let taken = 0;
  for (let now = 0; now < 10_000; now += 10) {
    bucket.configure({ perSecond: (now / 10) % 2 === 0 ? 1 : 2, burst: 5 }, now);
    if (bucket.readyAt > now) continue;
    bucket.take(now);
    taken++;
  }
  expect(taken).toBeLessThanOrEqual(5 + 2 * 10);
});
