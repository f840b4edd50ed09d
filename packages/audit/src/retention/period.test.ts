import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf, parsePeriod, type Period } from './period.ts';

describe('a period', () => {
  it.each([
    ['2026-01-31T10:00:00.000Z', '1mo', '2026-02-28T10:00:00.000Z'],
    ['2024-01-31T10:00:00.000Z', '1mo', '2024-02-29T10:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '1y', '2025-02-28T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '4y', '2028-02-29T00:00:00.000Z'],
    ['2026-03-31T23:59:59.999Z', '18mo', '2027-09-30T23:59:59.999Z'],
    ['2026-03-28T12:00:00.000Z', '90d', '2026-06-26T12:00:00.000Z'],
    ['2026-12-31T00:00:00.000Z', '2w', '2027-01-14T00:00:00.000Z'],
    ['2026-08-31T00:00:00.000Z', '6y', '2032-08-31T00:00:00.000Z'],
  ])('that begins at %s and is %s long is over at %s', (from, text, to) => {
    expect(new Date(endOf(Date.parse(from), parsePeriod(text) as Period)).toISOString()).toBe(to);
  });

  it.each(['', '0d', '90', 'd', '-1d', '1.5y', '90D', '1m', '1001y', '99999mo', ' 1d', '1d2w'])('is not %j', (text) => {
    expect(parsePeriod(text)).toBeUndefined();
  });

  it('of months ends in the month that it leads to, and is never over sooner when it begins later', () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(time, time, fc.integer({ min: 1, max: 600 }), (a, b, count) => {
        const period = { count, unit: 'month' } as const;
        const [from, end] = [new Date(a), new Date(endOf(a, period))];
        const months = (date: Date): number => date.getUTCFullYear() * 12 + date.getUTCMonth();
        expect(months(end) - months(from)).toBe(count);
        expect(Math.floor(endOf(Math.max(a, b), period) / 86_400_000)).toBeGreaterThanOrEqual(
          Math.floor(endOf(Math.min(a, b), period) / 86_400_000),
        );
      }),
    );
  });
});
