import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from './retryBudget.ts';

describe('RetryBudget', () => {
  it('allows a share of the requests', () => {
    const budget = createRetryBudget({ share: 0.2, minimumPerSecond: 0 }, { clock: new FakeClock() });
    expect(budget.tryWithdraw()).toBe(false);
    for (let request = 0; request < 10; request++) budget.recordRequest();
    expect(budget.available).toBe(2);
    expect([budget.tryWithdraw(), budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, true, false]);
  });

  it('allows a minimum without requests, anew when its window has passed', async () => {
    const clock = new FakeClock();
    const budget = createRetryBudget({ share: 0, minimumPerSecond: 1, windowMs: 2_000 }, { clock });
    expect([budget.tryWithdraw(), budget.tryWithdraw(), budget.tryWithdraw()]).toEqual([true, true, false]);
    await clock.advance(2_000);
    expect(budget.available).toBe(2);
  });

  it('has nothing to give, rather than a debt, when requests pass out of the window before their retries', async () => {
    const clock = new FakeClock();
    const budget = createRetryBudget({ share: 1, minimumPerSecond: 0, windowMs: 1_000 }, { clock });
    budget.recordRequest();
    await clock.advance(900);
    budget.tryWithdraw();
    await clock.advance(100);
    expect(budget.available).toBe(0);
  });

  it('allows a retry only while those of the window stay within its minimum and the share of its requests', async () => {
    const step = fc.record({ gapMs: fc.integer({ min: 0, max: 300 }), isRequest: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const clock = new FakeClock();
        const budget = createRetryBudget({ share: 0.5, minimumPerSecond: 1, windowMs: 1_000 }, { clock });
        const requests: number[] = [];
        const retries: number[] = [];
        for (const { gapMs, isRequest } of steps) {
          await clock.advance(gapMs);
          const now = clock.monotonic();
          const within = (times: readonly number[], ms: number): number =>
            times.filter((time) => time > now - ms).length;
          if (isRequest) {
            budget.recordRequest();
            requests.push(now);
          } else if (budget.tryWithdraw()) {
            retries.push(now);
            expect(within(retries, 900)).toBeLessThanOrEqual(1 + 0.5 * within(requests, 1_000));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([{ share: -1 }, { minimumPerSecond: Number.NaN }, { windowMs: 0 }])('refuses %j', (options) => {
    expect(() => createRetryBudget(options, { clock: new FakeClock() })).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
  });
});
