import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimit, type RateLimitOptions } from './rateLimit.ts';

function setUp(options: Partial<RateLimitOptions> = {}) {
  const clock = new FakeClock();
  return { clock, limit: createRateLimit({ limit: 3, intervalMs: 1_000, what: 'Requests', ...options }, { clock }) };
}

describe('RateLimit', () => {
  it('gives a key its burst, then one at a time, and says when', async () => {
    const { clock, limit } = setUp();
    expect([1, 2, 3].map(() => limit.tryTake('ann').remaining)).toEqual([2, 1, 0]);
    expect(limit.tryTake('ann')).toEqual({ isAllowed: false, remaining: 0, retryAfterMs: 334 });
    await clock.advance(333);
    expect(limit.tryTake('ann').isAllowed).toBe(false);
    await clock.advance(1);
    expect(limit.tryTake('ann')).toEqual({ isAllowed: true, remaining: 0, retryAfterMs: 0 });
  });

  it('takes a cost whole or not at all', async () => {
    const { clock, limit } = setUp({ limit: 10 });
    expect(limit.tryTake('ann', 7)).toEqual({ isAllowed: true, remaining: 3, retryAfterMs: 0 });
    expect(limit.tryTake('ann', 5)).toEqual({ isAllowed: false, remaining: 3, retryAfterMs: 200 });
    expect(limit.tryTake('ann', 3).remaining).toBe(0);
    await clock.advance(500);
    expect(limit.tryTake('ann', 5).isAllowed).toBe(true);
  });

  it('holds each key for itself', () => {
    const { limit } = setUp({ limit: 1 });
    expect(limit.tryTake('ann').isAllowed).toBe(true);
    expect(limit.tryTake('bob').isAllowed).toBe(true);
    expect(limit.tryTake('ann').isAllowed).toBe(false);
  });

  it('allows less at once than in the interval where asked to', async () => {
    const { clock, limit } = setUp({ limit: 10, burst: 1 });
    expect(limit.tryTake('ann').isAllowed).toBe(true);
    expect(limit.tryTake('ann').retryAfterMs).toBe(100);
    await clock.advance(100);
    expect(limit.tryTake('ann').isAllowed).toBe(true);
  });

  it('raises RATE_LIMITED with the time to wait', () => {
    const { limit } = setUp({ limit: 1 });
    limit.take('ann');
    expect(() => limit.take('ann')).toThrow(
      expect.objectContaining({
        code: 'RATE_LIMITED',
        status: 429,
        message: 'Requests: more than 1 in 1000 ms',
        hint: 'Try again in 1000 ms.',
      }),
    );
  });

  it('forgets idle keys, so that it does not grow with all that ever came', async () => {
    const { clock, limit } = setUp();
    for (let visitor = 0; visitor < 500; visitor++) {
      limit.tryTake(`visitor ${visitor}`);
      await clock.advance(100);
    }
    expect(limit.keys).toBeLessThanOrEqual(20);
  });

  it('gives idle places away before busy ones', async () => {
    const { clock, limit } = setUp({ limit: 1, maxKeys: 2 });
    limit.tryTake('idle');
    await clock.advance(1_000);
    limit.tryTake('busy');
    expect(limit.tryTake('new').isAllowed).toBe(true);
    expect(limit.tryTake('busy').isAllowed).toBe(false);
  });

  it('lets a flood of invented keys gain nothing', () => {
    const { limit } = setUp({ maxKeys: 5 });
    let allowed = 0;
    for (let key = 0; key < 1_000; key++) allowed += Number(limit.tryTake(`${key}`).isAllowed);
    expect(allowed).toBe(15);
    expect(limit.keys).toBe(5);
  });

  it('never gives a key more than its burst and rate, nor all keys more than their places, over any time', async () => {
    const step = fc.record({ gapMs: fc.nat(150), key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(2, 6),
        async (steps, most, maxKeys) => {
          const { clock, limit } = setUp({ limit: most, maxKeys });
          const given: { readonly at: number; readonly key: string }[] = [];
          for (const { gapMs, key } of steps) {
            await clock.advance(gapMs);
            const { isAllowed, retryAfterMs } = limit.tryTake(key);
            expect(isAllowed).toBe(retryAfterMs === 0);
            if (isAllowed) given.push({ at: clock.monotonic(), key });
            expect(limit.keys).toBeLessThanOrEqual(maxKeys);
          }
          const check = (times: readonly number[], places: number): void => {
            times.forEach((from, first) => {
              times.slice(first).forEach((at, index) => {
                expect(index + 1).toBeLessThanOrEqual(places * (most + (most * (at - from)) / 1_000 + 0.01));
              });
            });
          };
          check(
            given.map(({ at }) => at),
            maxKeys,
          );
          if (maxKeys < 6) return;
          for (const name of 'abcdef')
            check(
              given.filter(({ key }) => key === name).map(({ at }) => at),
              1,
            );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a key that waits as long as it was told is allowed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 997 }),
        fc.array(fc.nat(1_000), { maxLength: 5 }),
        async (most, gaps) => {
          const { clock, limit } = setUp({ limit: most, burst: 1 });
          for (const gap of gaps) {
            await clock.advance(gap + 0.1);
            limit.tryTake('ann');
            await clock.advance(limit.tryTake('ann').retryAfterMs);
            expect(limit.tryTake('ann').isAllowed).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([{ limit: 0 }, { intervalMs: 10 }, { burst: 4 }, { maxKeys: 0 }])('refuses %j', (options) => {
    expect(() => setUp(options)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });
});
