import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Lockout, type LockoutLimits } from './lockout.ts';
import { Refusal } from './refusal.ts';

const LIMITS: LockoutLimits = {
  maxFailures: 10,
  maxFailuresPerAddress: 100,
  windowMs: 1_800_000,
  lockMs: 1_800_000,
  delayMs: 1_000,
};
const HERE = '192.0.2.1';
const THERE = '192.0.2.2';

function setUp(limits: Partial<LockoutLimits> = {}) {
  const clock = new FakeClock();
  const lockout = new Lockout({ ...LIMITS, ...limits }, clock);
  /** Seconds until the next attempt is taken; 0 for at once. */
  const waitOf = (address: string, name?: string): number => {
    try {
      lockout.check(address, name);
      return 0;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      expect(error.error.code).toBe('LOCKED_OUT');
      return error.error.details['retry_after_s'] as number;
    }
  };
  return { clock, lockout, waitOf };
}

describe('failures of a name from an address', () => {
  it('cost nothing at first, then a pause that doubles, then a lock-out', async () => {
    const { clock, lockout, waitOf } = setUp();
    const waits: number[] = [];
    for (let failure = 1; failure <= 10; failure++) {
      lockout.failed(HERE, 'joe');
      const wait = waitOf(HERE, 'joe');
      waits.push(wait);
      if (failure < 10) await clock.advance(wait * 1_000);
    }
    expect(waits).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 1_800]);
    await clock.advance(1_800_000 - 1);
    expect(waitOf(HERE, 'joe')).toBe(1);
    await clock.advance(1);
    expect(waitOf(HERE, 'joe')).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tell of the lock-out once', () => {
    const { lockout } = setUp({ maxFailures: 2 });
    expect(lockout.failed(HERE, 'Joe')).toEqual([]);
    expect(lockout.failed(HERE, 'joe')).toEqual([{ scope: 'name', address: HERE, lockMs: 1_800_000 }]);
    expect(lockout.failed(HERE, 'joe')).toEqual([]);
  });

  it('lock out neither another name nor another address', () => {
    const { lockout, waitOf } = setUp({ maxFailures: 1 });
    lockout.failed(HERE, 'joe');
    expect([waitOf(HERE, 'joe'), waitOf(HERE, 'ann'), waitOf(THERE, 'joe'), waitOf(HERE)]).toEqual([1_800, 0, 0, 0]);
  });

  it.each(['JOE', ' joe ', 'joe\u2003', 'ｊｏｅ'])('count for %j too, which a directory takes for the same', (name) => {
    const { lockout, waitOf } = setUp({ maxFailures: 1 });
    lockout.failed(HERE, 'joe');
    expect(waitOf(HERE, name)).toBe(1_800);
  });

  it('are forgotten after a success, and when their time is over', async () => {
    const { clock, lockout, waitOf } = setUp({ maxFailures: 2, delayMs: 0 });
    lockout.failed(HERE, 'joe');
    lockout.succeeded(HERE, 'joe');
    lockout.failed(HERE, 'joe');
    expect(waitOf(HERE, 'joe')).toBe(0);
    await clock.advance(1_800_000);
    lockout.failed(HERE, 'joe');
    expect(waitOf(HERE, 'joe')).toBe(0);
    lockout.failed(HERE, 'joe');
    expect(waitOf(HERE, 'joe')).toBe(1_800);
  });
});

describe('failures from an address', () => {
  it('lock it out for every name, also for those who know theirs', () => {
    const { lockout, waitOf } = setUp({ maxFailuresPerAddress: 3 });
    lockout.failed(HERE, 'a');
    lockout.failed(HERE, 'b');
    lockout.succeeded(HERE, 'b');
    expect(waitOf(HERE, 'c')).toBe(0);
    expect(lockout.failed(HERE, undefined)).toEqual([{ scope: 'address', address: HERE, lockMs: 1_800_000 }]);
    expect([waitOf(HERE, 'c'), waitOf(HERE), waitOf(THERE, 'c')]).toEqual([1_800, 1_800, 0]);
  });

  it('of one IPv6 network count together', () => {
    const { lockout, waitOf } = setUp({ maxFailuresPerAddress: 2 });
    lockout.failed('2001:db8:1:2::1', undefined);
    lockout.failed('2001:db8:1:2:ffff::9', undefined);
    expect([waitOf('2001:db8:1:2::7'), waitOf('2001:db8:1:3::7')]).toEqual([1_800, 0]);
  });
});

describe('unlocking', () => {
  const names = [
    [HERE, 'joe'],
    [HERE, 'ann'],
    [THERE, 'joe'],
  ] as const;
  it.each([
    [{ name: 'Joe' }, true, [0, 1_800, 0]],
    [{ address: HERE }, true, [0, 0, 1_800]],
    [{ name: 'joe', address: HERE }, true, [0, 1_800, 1_800]],
    [{ name: 'eve' }, false, [1_800, 1_800, 1_800]],
    [{}, false, [1_800, 1_800, 1_800]],
  ])('%j', (whom, isFound, waits) => {
    const { lockout, waitOf } = setUp({ maxFailures: 1 });
    for (const [address, name] of names) lockout.failed(address, name);
    expect(lockout.unlock(whom)).toBe(isFound);
    expect(names.map(([address, name]) => waitOf(address, name))).toEqual(waits);
  });

  it('lets an address in again', () => {
    const { lockout, waitOf } = setUp({ maxFailuresPerAddress: 1 });
    lockout.failed(HERE, undefined);
    expect(lockout.unlock({ address: HERE })).toBe(true);
    expect(waitOf(HERE)).toBe(0);
  });
});

it('remembers so many names, and the address that tries more of them is locked out long before', () => {
  const { lockout, waitOf } = setUp({ maxFailures: 1 });
  lockout.failed(THERE, 'joe');
  for (let name = 0; name < 9_000; name++) lockout.failed(HERE, `invented-${name}`);
  expect(waitOf(THERE, 'joe')).toBe(1_800);
  expect(waitOf(HERE)).toBe(1_800);
});
