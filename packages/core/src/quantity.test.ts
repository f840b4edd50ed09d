import { describe, expect, it } from 'vitest';
import { parseByteRate, parseBytes, parseDuration } from './quantity.ts';

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is %i ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '30', 's', '30 s', '-1s', '1x', '1s!', '1s 2m', 'NaNs'])('"%s" is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});

describe('a size', () => {
  it.each([
    ['0', 0],
    ['4096', 4_096],
    ['512MB', 512_000_000],
    ['512 MB', 512_000_000],
    ['1GB', 1_000_000_000],
    ['1GiB', 1_073_741_824],
    ['1.5KiB', 1_536],
    ['64b', 64],
  ])('%s is %i bytes', (text, expected) => expect(parseBytes(text)).toBe(expected));

  it.each(['', 'MB', '-1MB', '1XB', '1 M B', '1e3', '1MB/s'])('"%s" is none', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  );
});

describe('a rate of bytes', () => {
  it('is a size for each second', () => expect(parseByteRate('100MB/s')).toBe(100_000_000));
  it.each(['100MB', '100MB/m', '/s'])('"%s" is none', (text) => expect(parseByteRate(text)).toBeUndefined());
});
