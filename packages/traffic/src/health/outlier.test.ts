import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutlierDetector, type OutlierDetector, type OutlierEvents } from './outlier.ts';
import { type OutlierOptions, resolveOutlierOptions } from './outlierOptions.ts';

interface Setup {
  readonly clock: FakeClock;
  readonly detector: OutlierDetector;
  readonly facts: Array<OutlierEvents['ejected'] | string>;
  readonly fail: (id: string, times?: number) => void;
  readonly isOut: (id: string) => boolean;
}

function setUp(ids: readonly string[], options: OutlierOptions = {}): Setup {
  const clock = new FakeClock();
  const detector = createOutlierDetector(resolveOutlierOptions(options), clock);
  const facts: Setup['facts'] = [];
  detector.on('ejected', (fact) => facts.push(fact));
  detector.on('returned', ({ id }) => facts.push(`${id} returned`));
  for (const id of ids) detector.add(id);
  return {
    clock,
    detector,
    facts,
    fail: (id, times = 5) => {
      for (let i = 0; i < times; i++) detector.record(id, false);
    },
    isOut: (id) => detector.isEjected(id, clock.monotonic()),
  };
}

describe('ejection', () => {
  it('follows failures in a row, and ends by itself', async () => {
    const { clock, detector, facts, fail, isOut } = setUp(['a', 'b', 'c']);
    fail('a', 4);
    detector.record('a', true);
    fail('a', 4);
    expect(isOut('a')).toBe(false);
    fail('a', 1);
    expect(isOut('a')).toBe(true);
    expect(facts).toEqual([{ id: 'a', reason: 'consecutive-failures', forMs: 30_000, count: 1 }]);
    await clock.advance(29_999);
    expect(isOut('a')).toBe(true);
    await clock.advance(1);
    expect(isOut('a')).toBe(false);
    expect(facts[1]).toBe('a returned');
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    // Failures in ten outcomes of a and of each of the others.
    { a: 3, others: 0, isOutlier: true },
    { a: 2, others: 0, isOutlier: false },
    { a: 5, others: 3, isOutlier: false },
    { a: 8, others: 3, isOutlier: true },
  ])('follows a failure rate beyond the rest: $a against $others in ten: $isOutlier', ({ a, others, isOutlier }) => {
    const { detector, facts, isOut } = setUp(['a', 'b', 'c'], { consecutiveFailures: 1000, minOutcomes: 20 });
    const run = (id: string, failuresInTen: number): void => {
      for (let i = 0; i < 40; i++) detector.record(id, i % 10 < 10 - failuresInTen);
    };
    run('b', others);
    run('c', others);
    run('a', a);
    expect(isOut('a')).toBe(isOutlier);
    expect(facts).toHaveLength(isOutlier ? 1 : 0);
  });

  it('has no failure rate against which to measure where the others say nothing', () => {
    const { detector, isOut } = setUp(['a', 'b'], { consecutiveFailures: 1000 });
    for (let i = 0; i < 100; i++) detector.record('a', i % 2 === 0);
    expect(isOut('a')).toBe(false);
  });

  it('takes longer each time it fails again at once, and shorter after good behaviour', async () => {
    const { clock, facts, fail } = setUp(['a', 'b'], { maxEjectionMs: 100_000, forgiveAfterMs: 60_000 });
    const eject = async (): Promise<number> => {
      fail('a');
      const fact = facts.at(-1);
      if (fact === undefined || typeof fact === 'string') throw new Error('It was not ejected');
      await clock.advance(fact.forMs);
      return fact.forMs;
    };
    expect([await eject(), await eject(), await eject(), await eject()]).toEqual([30_000, 60_000, 90_000, 100_000]);
    await clock.advance(60_000);
    expect(await eject()).toBe(100_000);
    await clock.advance(180_000);
    expect(await eject()).toBe(60_000);
    await clock.advance(10 * 60_000);
    expect(await eject()).toBe(30_000);
  });

  it('what happens while it is out, or happened before, does not eject it again', async () => {
    const { clock, facts, fail, isOut } = setUp(['a', 'b', 'c', 'd']);
    fail('a', 20);
    await clock.advance(30_000);
    fail('a', 4);
    expect(isOut('a')).toBe(false);
    expect(facts).toHaveLength(2);
  });

  it('a failure rate of before does not eject it again', async () => {
    const options = { baseEjectionMs: 1000, consecutiveFailures: 1000, minOutcomes: 10 };
    const { clock, detector, isOut } = setUp(['a', 'b'], options);
    for (let i = 0; i < 10; i++) detector.record('b', true);
    for (let i = 0; i < 10; i++) detector.record('a', i % 2 === 0);
    expect(isOut('a')).toBe(true);
    await clock.advance(1000);
    for (let i = 0; i < 10; i++) detector.record('a', i < 9);
    expect(isOut('a')).toBe(false);
  });
});

describe('the share that may be out', () => {
  it.each([
    { size: 1, share: 1, out: 0 },
    { size: 2, share: 0, out: 1 },
    { size: 2, share: 1, out: 1 },
    { size: 5, share: 0.5, out: 2 },
    { size: 10, share: 0.1, out: 1 },
    { size: 10, share: 1, out: 9 },
  ])('of $size, with $share: $out', ({ size, share, out }) => {
    const ids = Array.from({ length: size }, (_, i) => `e${i}`);
    const { fail, isOut } = setUp(ids, { maxEjectedShare: share });
    for (const id of ids) fail(id);
    expect(ids.filter(isOut)).toHaveLength(out);
  });

  it('one that had to stay is ejected at its next failure when there is room', async () => {
    const { clock, fail, isOut } = setUp(['a', 'b', 'c']);
    fail('a');
    fail('b');
    expect(isOut('b')).toBe(false);
    await clock.advance(30_000);
    fail('b', 1);
    expect(isOut('b')).toBe(true);
  });

  it('a group that shrinks takes back the one that was to return first', async () => {
    const { clock, detector, facts, fail } = setUp(['a', 'b', 'c', 'd']);
    fail('a');
    await clock.advance(1000);
    fail('b');
    detector.remove('c');
    expect(facts.at(-1)).toBe('a returned');
    detector.remove('b');
    expect(clock.pendingTimers).toBe(0);
  });

  it('holds whatever happens; all come back; nothing is left after stop', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), id: fc.constantFrom(...ids) }),
      fc.record({ kind: fc.constant('remove' as const), id: fc.constantFrom(...ids) }),
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('fail' as const), id: fc.constantFrom(...ids) }) },
      fc.record({ kind: fc.constant('succeed' as const), id: fc.constantFrom(...ids) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(20_000) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, share) => {
          const { clock, detector, isOut } = setUp(ids, { consecutiveFailures: 2, maxEjectedShare: share });
          const members = new Set(ids);
          const out = new Set<string>();
          detector.on('ejected', ({ id }) => out.add(id));
          detector.on('returned', ({ id }) => expect(out.delete(id)).toBe(true));
          for (const each of steps) {
            if (each.kind === 'wait') await clock.advance(each.ms);
            else if (each.kind === 'add') detector.add(each.id);
            else if (each.kind === 'remove') detector.remove(each.id);
            else detector.record(each.id, each.kind === 'succeed');
            if (each.kind === 'add') members.add(each.id);
            if (each.kind === 'remove') {
              members.delete(each.id);
              out.delete(each.id);
            }
            const most = Math.min(Math.max(Math.floor(members.size * share), 1), Math.max(members.size - 1, 0));
            expect(out.size).toBeLessThanOrEqual(most);
            expect(ids.filter(isOut).toSorted()).toEqual([...out].toSorted());
            expect(clock.pendingTimers).toBe(out.size === 0 ? 0 : 1);
          }
          await clock.advance(300_000);
          expect(ids.filter(isOut)).toEqual([]);
          detector.stop();
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an end', () => {
  it('an endpoint that left is not brought back by late outcomes', () => {
    const { detector, facts, fail } = setUp(['a', 'b']);
    detector.remove('a');
    fail('a', 20);
    expect(facts).toEqual([]);
  });

  it('stop leaves no timer and tells nothing more', async () => {
    const { clock, detector, facts, fail, isOut } = setUp(['a', 'b', 'c', 'd']);
    fail('a');
    detector.stop();
    detector.stop();
    expect(clock.pendingTimers).toBe(0);
    fail('b');
    expect([isOut('b'), clock.pendingTimers]).toEqual([false, 0]);
    await clock.advance(60_000);
    expect(facts).toHaveLength(1);
  });
});

describe('resolveOutlierOptions', () => {
  it.each<[string, OutlierOptions]>([
    ['outlier.consecutive_failures', { consecutiveFailures: 0 }],
    ['outlier.window_ms', { windowMs: 0 }],
    ['outlier.min_outcomes', { minOutcomes: 0.5 }],
    ['outlier.excess_failure_rate', { excessFailureRate: 0 }],
    ['outlier.max_ejection_ms', { baseEjectionMs: 5000, maxEjectionMs: 4000 }],
    ['outlier.forgive_after_ms', { forgiveAfterMs: Number.NaN }],
    ['outlier.max_ejected_share', { maxEjectedShare: 1.1 }],
  ])('refuses %s of %j', (option, options) => {
    expect(() => resolveOutlierOptions(options)).toThrow(
      expect.objectContaining({ code: 'HEALTH_OPTION_INVALID', details: expect.objectContaining({ option }) }),
    );
  });
});
