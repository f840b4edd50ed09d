import { createScope } from '@roundhouse/core';
import { type NetError, netError, type Sent } from '@roundhouse/net';
import { constantBackoff, createBreaker, createBulkhead } from '@roundhouse/resilience';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { mayRetry, type Policy, withPolicy } from './policy.ts';

const random = (): number => 0.5;

/** Runs an operation that fails as often as it is called, and counts the calls. */
async function callsOf(policy: Policy, error: Error, isIdempotent: boolean): Promise<number> {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  let calls = 0;
  const done = withPolicy(
    policy,
    { isIdempotent },
    async () => {
      calls += 1;
      throw error;
    },
    scope,
    { random },
  );
  const failed = expect(done).rejects.toThrow();
  await clock.advance(60_000);
  await failed;
  expect(clock.pendingTimers).toBe(0);
  return calls;
}

describe('a retry', () => {
  const lost = (sent: Sent): NetError => netError('CONNECTION_LOST', { peer: 'a:1', sent, details: { reason: 'x' } });
  const final = netError('PEER_REFUSED', { peer: 'a:1', details: { status: '550', text: 'no' } });

  it.each([
    ['nothing had left', lost('none'), false, true],
    ['some may have left', lost('maybe'), false, false],
    ['all had left', lost('all'), false, false],
    ['some may have left of what may be done twice', lost('maybe'), true, true],
    ['all had left of what may be done twice', lost('all'), true, true],
    ['the other side refused for good', final, true, false],
    ['the failure is nobody knows what', new Error('x'), true, false],
  ])('when %s: %#', (_, error, isIdempotent, isAllowed) => {
    expect(mayRetry(error, { isIdempotent })).toBe(isAllowed);
  });

  it('comes as often as the policy says, and not at all where it might do harm', async () => {
    const policy = { retry: { attempts: 3, backoff: constantBackoff(100) } };
    expect(await callsOf(policy, lost('none'), false)).toBe(3);
    expect(await callsOf(policy, lost('maybe'), false)).toBe(1);
    expect(await callsOf({}, lost('none'), true)).toBe(1);
  });
});

describe('a policy', () => {
  it('asks the breaker for each attempt, and calls nothing while it is open', async () => {
    const clock = new FakeClock();
    const breaker = createBreaker(
      { trip: { by: 'consecutive', failures: 2 }, openTime: constantBackoff(10_000), what: 'a test' },
      { clock, random },
    );
    const scope = createScope({ clock });
    let calls = 0;
    const call = (attempts: number): Promise<never> =>
      withPolicy(
        { breaker, retry: { attempts, backoff: constantBackoff(0) } },
        { isIdempotent: true },
        async () => {
          calls += 1;
          throw netError('CONNECT_REFUSED', { peer: 'a:1' });
        },
        scope,
        { random },
      );
    const first = expect(call(2)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
    await clock.advance(1);
    await first;
    await expect(call(1)).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
    expect(calls).toBe(2);
  });

  it('holds one place in the bulkhead for all attempts', async () => {
    const clock = new FakeClock();
    const bulkhead = createBulkhead({ limit: 1, what: 'a test' });
    const scope = createScope({ clock });
    const policy = { bulkhead, retry: { attempts: 2, backoff: constantBackoff(100) } };
    const inside: number[] = [];
    const done = withPolicy(
      policy,
      { isIdempotent: true },
      async () => {
        inside.push(bulkhead.inside);
        if (inside.length === 1) throw netError('CONNECT_REFUSED', { peer: 'a:1' });
        return 'done';
      },
      scope,
      { random },
    );
    await clock.advance(50);
    expect(bulkhead.inside).toBe(1);
    await clock.advance(50);
    expect(await done).toBe('done');
    expect(inside).toEqual([1, 1]);
    expect(bulkhead.inside).toBe(0);
  });
});
