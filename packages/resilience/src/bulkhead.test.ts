import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bulkhead, createBulkhead } from './bulkhead.ts';

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

/** Operations that go on until they are told to end, in the order in which they began. */
function crowd(bulkhead: Bulkhead, scope: Scope) {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const come = (id: number): Promise<void> =>
    bulkhead.run(() => {
      begun.push(id);
      return new Promise<void>((resolve) => ends.set(id, resolve));
    }, scope);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const go = (id: number): void => {
    ends.get(id)?.();
    ends.delete(id);
  };
  return { begun, come, go, settle, inside: ends };
}

describe('a Bulkhead that is resized', () => {
  it('lets as many in as the limit of the moment says, in order', async () => {
    const bulkhead = createBulkhead({ limit: 2, maxWaiting: 100, what });
    const { begun, come, go, settle } = crowd(bulkhead, createScope({ clock: new FakeClock() }));
    for (let id = 1; id <= 7; id++) void come(id);
    await settle();
    expect([begun, bulkhead.waiting]).toEqual([[1, 2], 5]);
    bulkhead.resize(4);
    await settle();
    expect(begun).toEqual([1, 2, 3, 4]);
    bulkhead.resize(1);
    for (const id of [1, 2, 3]) go(id);
    await settle();
    expect([begun.length, bulkhead.inside, bulkhead.waiting]).toEqual([4, 1, 3]);
    go(4);
    await settle();
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps count of those who fail and who leave while they wait', async () => {
    const bulkhead = createBulkhead({ limit: 1, maxWaiting: 100, what });
    const scope = createScope({ clock: new FakeClock() });
    const { begun, come, go, settle } = crowd(bulkhead, scope);
    await expect(bulkhead.run(() => Promise.reject(new Error('failed')), scope)).rejects.toThrow('failed');
    void come(1);
    const impatient = scope.child();
    const left = bulkhead.run(() => Promise.resolve(), impatient);
    void come(2);
    impatient.end();
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(bulkhead.run(() => Promise.resolve(), impatient)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([bulkhead.inside, bulkhead.waiting]).toEqual([1, 1]);
    go(1);
    await settle();
    expect(begun).toEqual([1, 2]);
  });

  it('never lets in more than the limit, never fewer while somebody waits, whatever it changes to', async () => {
    const step = fc.oneof(
      fc.constant({ do: 'come' as const }),
      fc.record({ do: fc.constant('go' as const), which: fc.nat(20) }),
      fc.record({ do: fc.constant('resize' as const), limit: fc.integer({ min: 1, max: 5 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const bulkhead = createBulkhead({ limit: 2, maxWaiting: 100, what });
        const { begun, come, go, settle, inside } = crowd(bulkhead, createScope({ clock: new FakeClock() }));
        let limit = 2;
        let came = 0;
        for (const each of steps) {
          const before = inside.size;
          if (each.do === 'come') void come(++came);
          else if (each.do === 'resize') bulkhead.resize((limit = each.limit));
          else if (before > 0) go([...inside.keys()][each.which % before] as number);
          await settle();
          expect(bulkhead.inside).toBe(inside.size);
          expect(inside.size).toBeLessThanOrEqual(Math.max(limit, before));
          expect(begun.length + bulkhead.waiting).toBe(came);
          if (bulkhead.waiting > 0) expect(inside.size).toBeGreaterThanOrEqual(limit);
        }
        expect(begun).toEqual(begun.map((_, index) => index + 1));
      }),
      { numRuns: 100 },
    );
  });
});
