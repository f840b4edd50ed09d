import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('systemClock', () => {
  it('calls back once, unless cancelled', () => {
    const calls: string[] = [];
    systemClock.setTimer(10, () => calls.push('fired'));
    const cancelled = systemClock.setTimer(10, () => calls.push('cancelled'));
    cancelled.cancel();
    cancelled.cancel();
    vi.advanceTimersByTime(100);
    expect(calls).toEqual(['fired']);
  });

  it.each([-5, 0])('takes a delay of %d ms as at once', (delayMs) => {
    const callback = vi.fn();
    systemClock.setTimer(delayMs, callback);
    vi.advanceTimersByTime(0);
    expect(callback).toHaveBeenCalledOnce();
  });

  it('does not fire at once what lies beyond the longest timer of Node', () => {
    const callback = vi.fn();
    systemClock.setTimer(2 ** 31, callback);
    systemClock.setTimer(Infinity, callback);
    vi.advanceTimersByTime(1_000_000);
    expect(callback).not.toHaveBeenCalled();
  });
});
