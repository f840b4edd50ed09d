import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantBackoff, exponentialBackoff } from './backoff.ts';
import { resilienceError } from './errors.ts';
import { retry, type RetryOptions } from './retry.ts';
import { createRetryBudget } from './retryBudget.ts';

const random = (): number => 0.5;
const backoff = constantBackoff(100);

/** Fails as often as told, noting when it was called. */
function failing(failures: number, clock: FakeClock, error: (attempt: number) => unknown = busy) {
  const calledAt: number[] = [];
  const operation = async (attempt: number): Promise<string> => {
    calledAt.push(clock.monotonic());
    if (attempt <= failures) throw error(attempt);
    return `attempt ${attempt}`;
  };
  return { calledAt, operation };
}

function busy(attempt: number): Error {
  return resilienceError('BULKHEAD_FULL', { details: { attempt } });
}

function begin(clock: FakeClock, options: Partial<RetryOptions>, failures: number, scope: Scope, error = busy) {
  const { calledAt, operation } = failing(failures, clock, error);
  const outcome = retry(operation, { attempts: 5, backoff, ...options }, scope, { random }).then(
    (value) => value,
    (failure: unknown) => failure,
  );
  return { calledAt, outcome };
}

describe('retry', () => {
  it('answers with the first success and waits by the backoff in between', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const growing = exponentialBackoff({ initialMs: 100, maxMs: 1_000, jitter: 'none' });
    const { calledAt, outcome } = begin(clock, { backoff: growing }, 3, scope);
    await clock.advance(10_000);
    expect(await outcome).toBe('attempt 4');
    expect(calledAt).toEqual([0, 100, 300, 700]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('raises the last error when all attempts are used', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const { calledAt, outcome } = begin(clock, { attempts: 3 }, 9, scope);
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ details: { attempt: 3 } });
    expect(calledAt).toHaveLength(3);
  });

  it.each([
    ['a code that says so', resilienceError('POLICY_INVALID')],
    ['an error of somebody else', new TypeError('bug')],
  ])('does not repeat %s', async (_what, error) => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const { calledAt, outcome } = begin(clock, {}, 9, scope, () => error);
    expect(await outcome).toBe(error);
    expect(calledAt).toHaveLength(1);
  });

  it('asks the caller what may be repeated', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const { outcome } = begin(
      clock,
      { isRetryable: (e) => e instanceof TypeError },
      1,
      scope,
      () => new TypeError('x'),
    );
    await clock.advance(100);
    expect(await outcome).toBe('attempt 2');
  });

  it('waits as long as the error asks for, and no shorter than the backoff', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const asks = [750, 20];
    const { calledAt, outcome } = begin(clock, {}, 2, scope, (attempt) =>
      resilienceError('RATE_LIMITED', { details: { retry_after_ms: asks[attempt - 1] } }),
    );
    await clock.advance(10_000);
    await outcome;
    expect(calledAt).toEqual([0, 750, 850]);
  });

  it('raises the last error at once when the deadline leaves no room for the wait', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock, timeoutMs: 150 });
    const { calledAt, outcome } = begin(clock, {}, 9, scope);
    await clock.advance(100);
    expect(await outcome).toMatchObject({ code: 'BULKHEAD_FULL', details: { attempt: 2 } });
    expect(calledAt).toEqual([0, 100]);
    expect(scope.signal.aborted).toBe(false);
  });

  it('stops waiting when its scope ends, and leaves no timer', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const { calledAt, outcome } = begin(clock, {}, 9, scope);
    await clock.advance(50);
    scope.end();
    expect(await outcome).toMatchObject({ code: 'CANCELLED' });
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(1_000);
    expect(calledAt).toHaveLength(1);
  });

  it('does not begin in a scope that has ended, nor repeat what failed because the scope ended', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    let calls = 0;
    const endItself = async (): Promise<never> => {
      calls++;
      scope.end();
      return scope.race(new Promise<never>(() => {}));
    };
    const options = { attempts: 3, backoff };
    await expect(retry(endItself, options, scope, { random })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(retry(endItself, options, scope, { random })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(calls).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('raises the error of an attempt that outlived the scope, and takes nothing out of the budget for it', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const budget = createRetryBudget({ share: 1, minimumPerSecond: 0 }, { clock });
    const failLate = async (attempt: number): Promise<never> => {
      scope.end();
      throw busy(attempt);
    };
    await expect(retry(failLate, { attempts: 3, backoff, budget }, scope, { random })).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
    });
    expect(budget.available).toBe(1);
  });

  it('ends what an attempt began before the next one begins', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const scopes: Scope[] = [];
    const outcome = retry(
      async (attempt, own) => {
        expect(scopes.every(({ signal }) => signal.aborted)).toBe(true);
        expect(own.signal.aborted).toBe(false);
        scopes.push(own);
        void own.sleep(60_000).catch(() => {});
        if (attempt < 3) throw busy(attempt);
        return attempt;
      },
      { attempts: 3, backoff },
      scope,
      { random },
    );
    await clock.advance(200);
    expect(await outcome).toBe(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up when the budget is empty, and tells it of each request once', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const budget = createRetryBudget({ share: 1, minimumPerSecond: 0 }, { clock });
    const { calledAt, outcome } = begin(clock, { budget }, 9, scope);
    await clock.advance(1_000);
    expect(await outcome).toMatchObject({ details: { attempt: 2 } });
    expect(calledAt).toHaveLength(2);
  });

  it('takes nothing out of the budget for a retry that the deadline forbids', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock, timeoutMs: 50 });
    const budget = createRetryBudget({ share: 1, minimumPerSecond: 0 }, { clock });
    await begin(clock, { budget }, 9, scope).outcome;
    expect(budget.available).toBe(1);
  });

  it('never calls more often than the attempts and the budget allow', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ attempts: fc.integer({ min: 1, max: 6 }), failures: fc.nat(8) }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 3 }),
        async (callers, minimumPerSecond) => {
          const clock = new FakeClock();
          using scope = createScope({ clock });
          const budget = createRetryBudget({ share: 0.5, minimumPerSecond, windowMs: 10_000 }, { clock });
          const begun = callers.map(({ attempts, failures }) => begin(clock, { attempts, budget }, failures, scope));
          await clock.advance(5_000);
          await Promise.all(begun.map(({ outcome }) => outcome));
          begun.forEach(({ calledAt }, index) => {
            const { attempts, failures } = callers[index] as (typeof callers)[number];
            expect(calledAt.length).toBeLessThanOrEqual(Math.min(attempts, failures + 1));
          });
          const calls = begun.reduce((sum, { calledAt }) => sum + calledAt.length, 0);
          expect(calls - callers.length).toBeLessThanOrEqual(minimumPerSecond * 10 + 0.5 * callers.length);
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([0, 1.5, Number.NaN])('refuses %d attempts', async (attempts) => {
    using scope = createScope({ clock: new FakeClock() });
    await expect(retry(async () => 1, { attempts, backoff }, scope, { random })).rejects.toMatchObject({
      code: 'POLICY_INVALID',
    });
  });
});
