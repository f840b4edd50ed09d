import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

/** Chance in the middle: each pause is half way between the first one and three times the last. */
function pace() {
  const clock = new FakeClock();
  const resumed: number[] = [];
  const tested = new Pace({ clock, random: () => 0.5, onResume: () => resumed.push(clock.monotonic()) });
  return { clock, resumed, tested };
}

describe('a pace', () => {
  it('pauses longer with each failure, and counts those of one moment once', async () => {
    const { clock, resumed, tested } = pace();
    for (let n = 0; n < 3; n++) {
      tested.failed();
      tested.failed();
      expect(tested.isPaused).toBe(true);
      await clock.advance(6_000);
      expect(tested.isPaused).toBe(false);
    }
    expect(resumed).toEqual([2_000, 6_000 + 3_500, 12_000 + 5_750]);
  });

  it('forgets failures only at a success that lasts', async () => {
    const { clock, tested } = pace();
    const pauseOf = async (): Promise<number> => {
      const from = clock.monotonic();
      tested.failed();
      while (tested.isPaused) await clock.advance(10);
      return clock.monotonic() - from;
    };
    const first = await pauseOf();
    tested.succeeded();
    expect(await pauseOf()).toBeGreaterThan(first);
    await clock.advance(10_000);
    tested.succeeded();
    expect(await pauseOf()).toBe(first);
  });

  it('lets several try when one has succeeded, until one fails', () => {
    const { clock, tested } = pace();
    expect(tested.isProven).toBe(false);
    tested.succeeded();
    expect(tested.isProven).toBe(true);
    tested.failed();
    expect(tested.isProven).toBe(false);
    tested.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
