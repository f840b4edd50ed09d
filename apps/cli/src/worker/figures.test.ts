import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesText, percentText, spanText } from './figures.ts';

describe('figures', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1_000, '1.0K'],
    [1_536, '1.5K'],
    [52_428_800, '50.0M'],
    [104_857_600, '100M'],
    [1_023 * 1_048_576, '1.0G'],
    [5 * 1_024 ** 5, '5.0P'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, '0.0'],
    [9.96, '10.0'],
    [99.94, '99.9'],
    [99.96, '100'],
    [1_234.5, '1235'],
  ])('writes %d percent as %s', (percent, text) => {
    expect(percentText(percent)).toBe(text);
  });

  it.each([
    [-5, '0s'],
    [59_999, '59s'],
    [60_000, '1m00s'],
    [725_000, '12m05s'],
    [3_600_000, '1h00m'],
    [86_399_999, '23h59m'],
    [86_400_000, '1d00h'],
    [101 * 86_400_000, '101d'],
  ])('writes a span of %d ms as %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });

  it('keeps to the width of a column', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (amount) => {
        expect(bytesText(amount).length).toBeLessThanOrEqual(5);
        expect(spanText(amount % (9_999 * 86_400_000)).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});
