import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenBucket, type TokenBucketOptions } from './tokenBucket.ts';

function setUp(options: Partial<TokenBucketOptions> = {}) {
  const clock = new FakeClock();
  const bucket = createTokenBucket({ ratePerSecond: 10, burst: 2, what: 'Logons', ...options }, { clock });
  return { clock, bucket, scope: createScope({ clock }) };
}

describe('TokenBucket', () => {
  it('gives its burst at once, then at its rate, and holds no more than the burst', async () => {
    const { clock, bucket } = setUp();
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false]);
    await clock.advance(99);
    expect(bucket.tryTake()).toBe(false);
    await clock.advance(1);
    expect(bucket.tryTake()).toBe(true);
    await clock.advance(60_000);
    expect(bucket.available).toBe(2);
  });

  it('serves those who wait in order, each when its tokens are there', async () => {
    const { clock, bucket, scope } = setUp();
    const served: string[] = [];
    for (const [name, tokens] of [
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ] as const) {
      void bucket.take(scope, tokens).then(() => served.push(`${name}@${clock.monotonic()}`));
    }
    expect(bucket.waiting).toBe(2);
    await clock.advance(1_000);
    expect(served).toEqual(['a@0', 'b@200', 'c@300']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets nobody past those who wait', async () => {
    const { clock, bucket, scope } = setUp();
    bucket.tryTake(2);
    const big = bucket.take(scope, 2);
    await clock.advance(150);
    expect(bucket.available).toBe(0);
    expect(bucket.tryTake()).toBe(false);
    await clock.advance(50);
    await expect(big).resolves.toBeUndefined();
  });

  it('gives the turn to the next when the first gives up, and leaves no timer when all do', async () => {
    const { clock, bucket, scope } = setUp();
    bucket.tryTake(2);
    const first = scope.child({ timeoutMs: 120 });
    const big = bucket.take(first, 2);
    const small = bucket.take(scope, 1).then(() => clock.monotonic());
    const late = bucket.take(scope, 1);
    const given = expect(big).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const cancelled = expect(late).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(120);
    await given;
    expect(await small).toBe(120);
    scope.end();
    await cancelled;
    expect(bucket.waiting).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses more than may wait', async () => {
    const { bucket, scope } = setUp({ maxWaiting: 1 });
    bucket.tryTake(2);
    const waiting = bucket.take(scope);
    await expect(bucket.take(scope)).rejects.toMatchObject({
      code: 'TOKEN_QUEUE_FULL',
      message: 'Logons: 1 wait for their turn already',
    });
    scope.end();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('takes nothing for a scope that has ended', async () => {
    const { bucket, scope } = setUp();
    scope.end();
    await expect(bucket.take(scope)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(bucket.available).toBe(2);
  });

  it.each([0, 3, Number.NaN])('refuses a request of %d tokens, which could never be met', async (tokens) => {
    const { bucket, scope } = setUp();
    expect(() => bucket.tryTake(tokens)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
    await expect(bucket.take(scope, tokens)).rejects.toMatchObject({ code: 'POLICY_INVALID' });
  });

  it.each([{ ratePerSecond: 0 }, { burst: 0.5 }, { maxWaiting: -1 }])('refuses %j', (options) => {
    expect(() => setUp(options)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  it('never gives more than the burst and the rate allow over any time, and starves nobody', async () => {
    const step = fc.record({
      gapMs: fc.integer({ min: 0, max: 400 }),
      tokens: fc.integer({ min: 1, max: 4 }),
      doesWait: fc.boolean(),
      patienceMs: fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.double({ min: 0.5, max: 40, noNaN: true }),
        async (steps, ratePerSecond) => {
          const { clock, bucket, scope } = setUp({ ratePerSecond, burst: 4 });
          const given: { readonly at: number; readonly tokens: number }[] = [];
          const note = (tokens: number) => (): void => void given.push({ at: clock.monotonic(), tokens });
          let [asked, settled] = [0, 0];
          for (const { gapMs, tokens, doesWait, patienceMs } of steps) {
            await clock.advance(gapMs);
            if (doesWait) {
              const own = scope.child(patienceMs === undefined ? {} : { timeoutMs: patienceMs });
              asked++;
              void bucket
                .take(own, tokens)
                .then(note(tokens), () => {})
                .finally(() => {
                  settled++;
                  own.end();
                });
            } else if (bucket.tryTake(tokens)) {
              note(tokens)();
            }
          }
          await clock.advance((30 * 4 * 1_000) / ratePerSecond + 30);
          expect(settled).toBe(asked);
          expect(clock.pendingTimers).toBe(0);
          for (let from = 0; from < given.length; from++) {
            let sum = 0;
            for (const { at, tokens } of given.slice(from)) {
              sum += tokens;
              const elapsedS = (at - (given[from]?.at ?? 0)) / 1_000;
              expect(sum).toBeLessThanOrEqual(4 + ratePerSecond * elapsedS + 1e-6);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
