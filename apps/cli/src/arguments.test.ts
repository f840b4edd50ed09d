import { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  momentAfter,
  momentBefore,
  parseCount,
  parseDuration,
  parseName,
  parsePosition,
  wordsInOrder,
} from './arguments.ts';

describe('wordsInOrder', () => {
  const options = [new Option('--key <name>'), new Option('--json')];
  const words = (...argv: string[]): unknown[] =>
    [...wordsInOrder(argv, options)].map(({ option, value }) => [option, value]);

  it('keeps options and operands in the order they stand in', () => {
    expect(words('A', '--key', 'Tab', 'B', '--json', '--key=Enter', 'C')).toEqual([
      [undefined, 'A'],
      ['--key', 'Tab'],
      [undefined, 'B'],
      ['--json', undefined],
      ['--key', 'Enter'],
      [undefined, 'C'],
    ]);
  });

  it('takes everything after -- as operands', () => {
    expect(words('--', '--key', '-x')).toEqual([
      [undefined, '--key'],
      [undefined, '-x'],
    ]);
  });

  it('leaves the rest of a value alone', () => {
    expect(words('--key=a=b', 'x=y')).toEqual([
      ['--key', 'a=b'],
      [undefined, 'x=y'],
    ]);
  });
});

describe('the small words', () => {
  it.each([
    ['250', 250],
    ['250ms', 250],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['90d', 7_776_000_000],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it('reads a moment as written, or counts it from now', () => {
    expect(momentBefore(3_600_000, '1h')).toBe('1970-01-01T00:00:00.000Z');
    expect(momentAfter(0, '1d')).toBe('1970-01-02T00:00:00.000Z');
    expect(momentBefore(0, '2026-01-31')).toBe('2026-01-31T00:00:00.000Z');
    expect(momentAfter(0, '2026-01-31T12:00:00+01:00')).toBe('2026-01-31T11:00:00.000Z');
  });

  it.each(['', 'tomorrow', '2026-13-01', '5 h', '999999999d'])('refuses %j as a moment', (text) => {
    expect(() => momentAfter(0, text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });

  it('reads positions and counts', () => {
    expect(parsePosition('5,20')).toEqual({ row: 5, column: 20 });
    expect(parseCount('17')).toBe(17);
  });

  it('finds a name in any case, or the nearest one', () => {
    expect(parseName('key', 'pf3', ['Enter', 'PF3'])).toBe('PF3');
    expect(() => parseName('key', 'Entr', ['Enter', 'PF3'])).toThrow(/key "Entr".+did you mean Enter\?/);
    expect(() => parseName('key', 'zzzzzz', ['Enter', 'PF3'])).toThrow(/there is no such key/);
  });

  it.each(['', '5w', '-1', '1.5s', 's'])('refuses %j as a time', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });

  it.each(['', '5', '5;20', '5,', 'a,b'])('refuses %j as a position', (text) => {
    expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });
});
