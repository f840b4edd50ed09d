import { describe, expect, it } from 'vitest';
import { MAX_ATTEMPTS, readRetryAfter, retryDelayMs } from './schedule.ts';

const NOW = Date.UTC(2026, 0, 1);
const S = 1_000;
const H = 3_600 * S;

describe('the schedule', () => {
  it('is the example of Standard Webhooks, and ends', () => {
    const delays = Array.from({ length: MAX_ATTEMPTS }, (_, index) => retryDelayMs(index + 1, null, () => 0.5));
    expect(delays).toEqual([5 * S, 300 * S, 0.5 * H, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H, null]);
  });

  it('is moved by chance, 20 % either way', () => {
    expect(retryDelayMs(1, null, () => 0)).toBeCloseTo(4 * S);
    expect(retryDelayMs(1, null, () => 0.999_999)).toBeCloseTo(6 * S, -1);
  });

  it('waits as long as the receiver asks for, if that is longer', () => {
    expect(retryDelayMs(1, 60 * S, () => 0.5)).toBe(60 * S);
    expect(retryDelayMs(2, 60 * S, () => 0.5)).toBe(300 * S);
    expect(retryDelayMs(MAX_ATTEMPTS, 60 * S, () => 0.5)).toBeNull();
  });

  it.each([
    [undefined, null],
    ['120', 120 * S],
    ['0', 0],
    ['-5', null],
    ['99999999', 24 * H],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60 * S],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', null],
  ])('reads Retry-After: %s', (value, ms) => {
    expect(readRetryAfter(value, NOW)).toBe(ms);
  });
});
