import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';

describe('FakeClock', () => {
  it('fires timers in order of time, then of setting, at their moment', async () => {
    const clock = new FakeClock(1_000);
    const fired: string[] = [];
    const at = (name: string) => (): void => void fired.push(`${name}@${clock.monotonic()}`);
    clock.setTimer(20, at('b'));
    clock.setTimer(10, at('a'));
    clock.setTimer(20, at('c'));
    clock.setTimer(31, at('later'));
    clock.setTimer(15, at('cancelled')).cancel();
    await clock.advance(30);
    expect(fired).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.monotonic()).toBe(30);
    expect(clock.now()).toBe(1_030);
    expect(clock.pendingTimers).toBe(1);
  });

  it('lets promises run between timers, so that a loop of sleeps takes all its steps', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const moments: number[] = [];
    const loop = (async () => {
      for (let step = 0; step < 3; step++) {
        await scope.sleep(10);
        moments.push(clock.monotonic());
      }
    })();
    await clock.advance(25);
    expect(moments).toEqual([10, 20]);
    await clock.advance(5);
    await loop;
    expect(moments).toEqual([10, 20, 30]);
  });
});
