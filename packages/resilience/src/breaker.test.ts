import { coreError } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantBackoff, exponentialBackoff } from './backoff.ts';
import {
  BREAKER_TRANSITIONS,
  type BreakerOptions,
  type BreakerPermit,
  type BreakerState,
  type CallOutcome,
  createBreaker,
} from './breaker.ts';

function setUp(options: Partial<BreakerOptions> = {}) {
  const clock = new FakeClock();
  const breaker = createBreaker(
    { trip: { by: 'consecutive', failures: 2 }, openTime: constantBackoff(1_000), what: 'Endpoint mvs1', ...options },
    { clock, random: () => 0.5 },
  );
  const moves: string[] = [];
  breaker.on('moved', ({ from, to }) => moves.push(`${from}>${to}`));
  const report = (...outcomes: CallOutcome[]): void => {
    for (const outcome of outcomes) breaker.tryAcquire()?.[outcome]();
  };
  return { clock, breaker, moves, report };
}

const fail = (error: unknown) => async (): Promise<never> => {
  throw error;
};

describe('Breaker', () => {
  it('opens, tries a canary after its time, and closes', async () => {
    const { clock, breaker, moves, report } = setUp();
    report('failed', 'succeeded', 'failed', 'failed');
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterMs).toBe(1_000);
    await clock.advance(999);
    expect(breaker.tryAcquire()).toBeUndefined();
    await clock.advance(1);
    const canary = breaker.tryAcquire();
    expect(breaker.state).toBe('half_open');
    canary?.succeeded();
    expect(moves).toEqual(['closed>open', 'open>half_open', 'half_open>closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stays open longer with each canary that fails, and begins anew once it has closed', async () => {
    const openTime = exponentialBackoff({ initialMs: 100, maxMs: 1_000, jitter: 'none' });
    const { clock, breaker, report } = setUp({ openTime });
    report('failed', 'failed');
    const times = [breaker.retryAfterMs];
    for (const outcome of ['failed', 'failed', 'succeeded'] as const) {
      await clock.advance(breaker.retryAfterMs);
      report(outcome);
      times.push(breaker.retryAfterMs);
    }
    report('failed', 'failed');
    times.push(breaker.retryAfterMs);
    expect(times).toEqual([100, 200, 400, 0, 100]);
  });

  it('forgets the failures before it opened: one more does not open it again', async () => {
    const { clock, breaker, report } = setUp({ trip: { by: 'count', failures: 2, of: 10 } });
    report('failed', 'failed');
    await clock.advance(1_000);
    report('succeeded', 'failed');
    expect(breaker.state).toBe('closed');
  });

  it('admits its quota of canaries and closes after as many successes as it wants', async () => {
    const { clock, breaker, report } = setUp({ canaries: 2, successesToClose: 3 });
    report('failed', 'failed');
    await clock.advance(1_000);
    const [first, second, third] = [breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()];
    expect(third).toBeUndefined();
    expect(breaker.retryAfterMs).toBe(0);
    first?.succeeded();
    second?.succeeded();
    expect(breaker.state).toBe('half_open');
    report('succeeded');
    expect(breaker.state).toBe('closed');
  });

  it('begins each trial anew: successes of the last one do not count, nor do canaries still out', async () => {
    const { clock, breaker, report } = setUp({ canaries: 2, successesToClose: 2 });
    report('failed', 'failed');
    await clock.advance(1_000);
    report('succeeded');
    const stray = breaker.tryAcquire();
    report('failed');
    await clock.advance(1_000);
    report('succeeded');
    expect(breaker.state).toBe('half_open');
    expect([breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([
      expect.anything(),
      expect.anything(),
      undefined,
    ]);
    stray?.succeeded();
    expect(breaker.state).toBe('half_open');
  });

  it('gives the place of a cancelled or forgotten canary to the next one', async () => {
    const { clock, breaker, report } = setUp();
    report('failed', 'failed');
    await clock.advance(1_000);
    report('cancelled');
    {
      using permit = breaker.tryAcquire();
      expect(permit).toBeDefined();
      expect(breaker.tryAcquire()).toBeUndefined();
    }
    expect(breaker.tryAcquire()).toBeDefined();
    expect(breaker.state).toBe('half_open');
  });

  it('counts the first report of a permit only', () => {
    const { breaker } = setUp();
    const permit = breaker.tryAcquire();
    permit?.failed();
    permit?.failed();
    permit?.succeeded();
    expect(breaker.state).toBe('closed');
    breaker.tryAcquire()?.failed();
    expect(breaker.state).toBe('open');
  });

  it('does not listen to calls that began before it changed its state', async () => {
    const { clock, breaker, report } = setUp();
    const [slow, slower] = [breaker.tryAcquire(), breaker.tryAcquire()];
    report('failed', 'failed');
    slow?.succeeded();
    expect(breaker.state).toBe('open');
    await clock.advance(1_000);
    const canary = breaker.tryAcquire();
    slower?.failed();
    expect(breaker.state).toBe('half_open');
    expect(breaker.tryAcquire()).toBeUndefined();
    canary?.succeeded();
    expect(breaker.state).toBe('closed');
  });

  it('has made up its mind before it tells of a move', async () => {
    const { clock, breaker, report } = setUp();
    const seen: unknown[] = [];
    breaker.on('moved', ({ to }) => seen.push([to, breaker.state, breaker.tryAcquire() !== undefined]));
    report('failed', 'failed');
    await clock.advance(1_000);
    breaker.tryAcquire();
    expect(seen).toEqual([
      ['open', 'open', false],
      ['half_open', 'half_open', true],
    ]);
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it('runs operations, and says how long it will not', async () => {
    const { breaker, clock } = setUp();
    const failure = new Error('x');
    await expect(breaker.run(async () => 7)).resolves.toBe(7);
    await expect(breaker.run(fail(failure))).rejects.toBe(failure);
    await expect(breaker.run(fail(failure))).rejects.toBe(failure);
    await clock.advance(400);
    await expect(breaker.run(async () => 7)).rejects.toMatchObject({
      code: 'BREAKER_OPEN',
      message: 'Endpoint mvs1 is left alone for a while, because it failed too often',
      details: { retry_after_ms: 600 },
    });
  });

  it('does not blame the other side for a call that was cancelled, or that the caller judges harmless', async () => {
    const { breaker } = setUp({ trip: { by: 'consecutive', failures: 1 } });
    await breaker.run(fail(coreError('CANCELLED'))).catch(() => {});
    await breaker.run(fail(new Error('not found')), () => 'succeeded').catch(() => {});
    expect(breaker.state).toBe('closed');
    await breaker.run(fail(coreError('DEADLINE_EXCEEDED'))).catch(() => {});
    expect(breaker.state).toBe('open');
  });

  it('loses no place for canaries by a judge that throws', async () => {
    const { clock, breaker, report } = setUp();
    report('failed', 'failed');
    await clock.advance(1_000);
    const judge = (): never => {
      throw new TypeError('bug');
    };
    await expect(breaker.run(fail(new Error('x')), judge)).rejects.toThrow('bug');
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it.each([{ canaries: 0 }, { successesToClose: 1.5 }])('refuses %j', (options) => {
    expect(() => setUp(options)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  it('obeys its table, its times and its quota whatever the calls do', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ do: 'acquire' as const, which: 0 }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constantFrom<CallOutcome[]>('succeeded', 'failed', 'failed', 'cancelled'),
          which: fc.nat(10),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('wait' as const), which: fc.constantFrom(1, 499, 500, 800) }),
      },
    );
    const trip = fc.constantFrom<BreakerOptions['trip'][]>(
      { by: 'consecutive', failures: 2 },
      { by: 'count', failures: 2, of: 4 },
      { by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 2 },
    );
    await fc.assert(
      fc.asyncProperty(trip, fc.array(step, { maxLength: 100 }), async (options, steps) => {
        const { clock, breaker } = setUp({ trip: options, openTime: constantBackoff(500), canaries: 2 });
        const moves: { readonly from: BreakerState; readonly to: BreakerState; readonly at: number }[] = [];
        breaker.on('moved', (move) => moves.push({ ...move, at: clock.monotonic() }));
        const out: { readonly permit: BreakerPermit; readonly period: number }[] = [];
        for (const { do: what, which } of steps) {
          const { state, retryAfterMs } = breaker;
          const period = moves.length;
          const following: BreakerState[] = [];
          if (what === 'wait') {
            await clock.advance(which);
          } else if (what === 'acquire') {
            const permit = breaker.tryAcquire();
            const canariesOut = out.filter((each) => each.period === period).length;
            const isAdmitted = state === 'half_open' ? canariesOut < 2 : retryAfterMs === 0;
            expect(permit !== undefined).toBe(isAdmitted);
            if (permit !== undefined) out.push({ permit, period: moves.length });
            if (state === 'open' && isAdmitted) following.push('half_open');
          } else {
            const [reported] = out.splice(out.length === 0 ? 0 : which % out.length, 1);
            reported?.permit[what]();
            const counts = reported?.period === period && what !== 'cancelled';
            if (counts && state === 'half_open') following.push(what === 'failed' ? 'open' : 'closed');
            if (counts && state === 'closed' && what === 'failed' && breaker.state === 'open') following.push('open');
          }
          expect(moves.slice(period).map(({ to }) => to)).toEqual(following);
          expect(breaker.state).toBe(following[0] ?? state);
        }
        moves.forEach(({ from, to, at }, index) => {
          const before = moves[index - 1];
          expect(from).toBe(before?.to ?? 'closed');
          expect(BREAKER_TRANSITIONS[from]).toContain(to);
          if (from === 'open') expect(at - (before?.at ?? at)).toBeGreaterThanOrEqual(500);
        });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
