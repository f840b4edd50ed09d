import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Repeats } from './repeats.ts';

describe('looking at the same again', () => {
  it('is told from seeing something new, by each who looks', () => {
    const repeats = new Repeats(new FakeClock());
    expect(repeats.look('ann s-1', '7')).toBe(0);
    expect(repeats.look('ann s-1', '7')).toBeUndefined();
    expect(repeats.look('ann s-1', '7')).toBeUndefined();
    expect(repeats.look('bob s-1', '7')).toBe(0);
    expect(repeats.look('ann s-2', '7')).toBe(0);
    expect(repeats.look('ann s-1', '8')).toBe(2);
    expect(repeats.look('ann s-1', '7')).toBe(0);
  });

  it('counts again after a minute, with those that were left out', async () => {
    const clock = new FakeClock();
    const repeats = new Repeats(clock);
    repeats.look('ann s-1', '7');
    await clock.advance(59_999);
    expect(repeats.look('ann s-1', '7')).toBeUndefined();
    await clock.advance(1);
    expect(repeats.look('ann s-1', '7')).toBe(1);
    expect(repeats.look('ann s-1', '7')).toBeUndefined();
  });

  it('remembers so many and no more, and forgets none that it could leave out', () => {
    const repeats = new Repeats(new FakeClock());
    for (let each = 0; each <= 10_000; each++) repeats.look(`ann s-${each}`, '1');
    expect(repeats.look('ann s-1', '1')).toBeUndefined();
    expect(repeats.look('ann s-0', '1')).toBe(0);
  });
});
