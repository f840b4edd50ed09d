import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionTarget } from '../session/target.ts';
import { Answers } from './answers.ts';

const TARGET: SessionTarget = {
  endpoint: 'lpar1',
  host: 'lpar1',
  port: 23,
  tls: undefined,
  startTls: undefined,
  compat: undefined,
};
const LOOK_MS = 200;
const TIMEOUT_MS = 5_000;

let clock: FakeClock;
let isUp: boolean;
let isSilent: boolean;
let looks: number[];
let atOnce: number;
let mostAtOnce: number;

beforeEach(() => {
  clock = new FakeClock();
  [isUp, isSilent, looks, atOnce, mostAtOnce] = [true, false, [], 0, 0];
});

/** A host is seen as it was when the look at it began: the worst case of one that goes down meanwhile. */
function world() {
  const scope = createScope({ clock });
  const probe = {
    kind: 'fake',
    check: async (_: unknown, within: typeof scope) => {
      looks.push(clock.monotonic());
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      const wasUp = isUp;
      try {
        await within.sleep(isSilent ? Infinity : LOOK_MS);
        return { outcome: wasUp ? ('ok' as const) : ('failed' as const), elapsedMs: LOOK_MS, steps: [] };
      } finally {
        atOnce--;
      }
    },
  };
  const answers = new Answers(() => ({ probe, timeoutMs: TIMEOUT_MS }), scope);
  const told: boolean[] = [];
  const ask = (caller = scope, target = TARGET): void =>
    void answers.ask(target, caller).then((answer) => told.push(answer));
  return { scope, ask, told };
}

describe('whether a host answers', () => {
  it('is looked at twice for any number who ask while it is looked at', async () => {
    const { ask, told } = world();
    for (let n = 0; n < 500; n++) ask();
    await clock.advance(LOOK_MS);
    expect(told).toEqual([true]);
    await clock.advance(LOOK_MS);
    expect(told).toEqual(Array(500).fill(true));
    expect([looks, mostAtOnce]).toEqual([[0, LOOK_MS], 1]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is never told by a look that began before the question, if that found it well', async () => {
    const { ask, told } = world();
    ask();
    await clock.advance(LOOK_MS / 2);
    isUp = false;
    ask();
    await clock.advance(LOOK_MS / 2);
    expect(told).toEqual([true]);
    await clock.advance(LOOK_MS);
    expect(told).toEqual([true, false]);
  });

  it('is told at once to all who wait when it does not', async () => {
    isSilent = true;
    const { ask, told } = world();
    ask();
    await clock.advance(TIMEOUT_MS - 1);
    ask();
    ask();
    await clock.advance(1);
    expect(told).toEqual([false, false, false]);
    expect(looks).toEqual([0]);
    ask();
    await clock.advance(TIMEOUT_MS);
    expect(looks).toEqual([0, TIMEOUT_MS]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is looked at no longer when nobody wants to know, which says nothing to the next', async () => {
    const { scope, ask, told } = world();
    const callers = [scope.child(), scope.child()];
    for (const caller of callers) ask(caller);
    callers[0]?.end();
    await clock.advance(1);
    expect([told, atOnce]).toEqual([[false], 1]);
    callers[1]?.end();
    ask();
    await clock.advance(LOOK_MS);
    expect(told).toEqual([false, false, true]);
    ask(callers[0]);
    await clock.advance(0);
    expect([looks.length, clock.pendingTimers]).toEqual([2, 0]);
  });

  it('is looked at for each host by itself', async () => {
    const { ask, told } = world();
    ask();
    ask(undefined, { ...TARGET, endpoint: 'lpar2' });
    await clock.advance(LOOK_MS);
    expect([looks, told]).toEqual([
      [0, 0],
      [true, true],
    ]);
  });
});
