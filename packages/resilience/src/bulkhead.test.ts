import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBulkhead } from './bulkhead.ts';

const what = 'Migrations';

describe('Bulkhead', () => {
  it('lets in as many as its limit, the others in order of arrival', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const bulkhead = createBulkhead({ limit: 2, maxWaiting: 10, what });
    const order: string[] = [];
    const work = (name: string, ms: number): Promise<void> =>
      bulkhead.run(async () => {
        order.push(`${name}@${clock.monotonic()}`);
        await scope.sleep(ms);
      }, scope);
    const all = Promise.all([work('a', 10), work('b', 30), work('c', 30), work('d', 5)]);
    await clock.advance(100);
    await all;
    expect(order).toEqual(['a@0', 'b@0', 'c@10', 'd@30']);
    expect(bulkhead.inside).toBe(0);
  });

  it('frees the place of an operation that fails, even before it awaits', async () => {
    using scope = createScope();
    const bulkhead = createBulkhead({ limit: 1, what });
    const failure = new Error('x');
    const fail = (): never => {
      throw failure;
    };
    await expect(bulkhead.run(fail, scope)).rejects.toBe(failure);
    expect(bulkhead.inside).toBe(0);
  });

  it('refuses when all places are taken and as many wait as may', async () => {
    using scope = createScope();
    const bulkhead = createBulkhead({ limit: 1, maxWaiting: 1, what });
    const first = await bulkhead.enter(scope);
    const second = bulkhead.enter(scope);
    expect(bulkhead.tryEnter()).toBeUndefined();
    await expect(bulkhead.enter(scope)).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
      message: 'Migrations: all 1 places are taken and 1 wait already',
    });
    first.leave();
    expect((await second)[Symbol.dispose]).toBeTypeOf('function');
  });

  it('gives a place back once, however often it is left', async () => {
    using scope = createScope();
    const bulkhead = createBulkhead({ limit: 2, what });
    const place = await bulkhead.enter(scope);
    await bulkhead.enter(scope);
    place.leave();
    place.leave();
    expect(bulkhead.inside).toBe(1);
  });

  it('lets nobody slip in between one who leaves and the next in the line', async () => {
    using scope = createScope();
    const bulkhead = createBulkhead({ limit: 1, maxWaiting: 1, what });
    const first = await bulkhead.enter(scope);
    const second = bulkhead.enter(scope);
    first.leave();
    expect(bulkhead.tryEnter()).toBeUndefined();
    (await second).leave();
    expect(bulkhead.tryEnter()).toBeDefined();
  });

  it('lets nobody in whose scope has ended', async () => {
    const scope = createScope();
    scope.end();
    const bulkhead = createBulkhead({ limit: 1, what });
    await expect(bulkhead.enter(scope)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(bulkhead.inside).toBe(0);
  });

  it.each([{ limit: 0 }, { limit: 1.5 }, { limit: 1, maxWaiting: -1 }])('refuses %j', (options) => {
    expect(() => createBulkhead({ ...options, what })).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  it('never holds more than its limit, loses no one and leaves no timer', async () => {
    const caller = fc.record({
      gapMs: fc.nat(20),
      workMs: fc.nat(50),
      patienceMs: fc.option(fc.nat(40), { nil: undefined }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(10),
        async (callers, limit, maxWaiting) => {
          const clock = new FakeClock();
          using scope = createScope({ clock });
          const bulkhead = createBulkhead({ limit, maxWaiting, what });
          const outcomes: Promise<unknown>[] = [];
          let [inside, settled] = [0, 0];
          for (const { gapMs, workMs, patienceMs, fails } of callers) {
            await clock.advance(gapMs);
            const own = scope.child(patienceMs === undefined ? {} : { timeoutMs: patienceMs });
            const operation = async (): Promise<void> => {
              expect(++inside).toBeLessThanOrEqual(limit);
              await scope.sleep(workMs);
              inside--;
              if (fails) throw new Error('expected');
            };
            outcomes.push(
              bulkhead
                .run(operation, own)
                .catch((error: Error) => {
                  if (!['expected'].includes(error.message) && error.name !== 'RoundhouseError') throw error;
                })
                .finally(() => {
                  settled++;
                  own.end();
                }),
            );
            expect(bulkhead.waiting).toBeLessThanOrEqual(maxWaiting);
          }
          await clock.advance(50 * 50);
          expect(settled).toBe(callers.length);
          await Promise.all(outcomes);
          expect([bulkhead.inside, bulkhead.waiting, clock.pendingTimers]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
