import { describe, expect, it } from 'vitest';
import {
  BACKGROUND_SHIFT,
  type Cell,
  CELL_CHARSET,
  CHARSET_SHIFT,
  FOREGROUND_SHIFT,
  HIGHLIGHT_SHIFT,
  INPUT_CONTROL,
} from '../screen/cell.ts';
import type { EditOutcome } from './outcome.ts';
import { modifiedFields, picture, screenOf } from './screenFixture.ts';
import { type TypingRules, typeCode, typeDup, typeFieldMark } from './typing.ts';

const X = 0xa7;
const OVERWRITE: TypingRules = { insert: false, numericLock: false, blankFill: false, charsetsReported: false };
const INSERT: TypingRules = { ...OVERWRITE, insert: true };
const FILL: TypingRules = { ...OVERWRITE, blankFill: true };

interface Case {
  readonly title: string;
  readonly rules?: TypingRules;
  readonly before: readonly string[];
  readonly cursor: number;
  readonly after: readonly string[];
  readonly to: number;
}

/** Types `x`. */
const CASES: readonly Case[] = [
  { title: 'overwrites', before: ['[abc(__'], cursor: 2, after: ['[axc(__'], to: 3 },
  { title: 'stops behind a protected attribute', before: ['[abc(__[_'], cursor: 3, after: ['[abx(__[_'], to: 5 },
  { title: 'skips a skip field', before: ['[abc!__[_'], cursor: 3, after: ['[abx!__[_'], to: 8 },
  { title: 'skips several fields', before: ['[abc!(![_'], cursor: 3, after: ['[abx!(![_'], to: 8 },
  { title: 'steps over attributes in a row', before: ['[abc((__['], cursor: 3, after: ['[abx((__['], to: 6 },
  { title: 'comes back when all else is skipped', before: ['[abc!___'], cursor: 3, after: ['[abx!___'], to: 1 },
  { title: 'wraps in a field over the end', before: ['c(__', '_[ab'], cursor: 7, after: ['c(__', '_[ax'], to: 0 },
  { title: 'wraps an unformatted buffer', before: ['abcd'], cursor: 3, after: ['abcx'], to: 0 },
  { title: 'goes behind a Shift In', before: ['[a}cd(_'], cursor: 2, after: ['[a}xd(_'], to: 4 },
  { title: 'overwrites an empty shift pair', before: ['[a{}d(_'], cursor: 2, after: ['[ax d(_'], to: 3 },
  { title: 'shortens a double-byte run', before: ['[a{bc}(_'], cursor: 2, after: ['[ax {}(_'], to: 3 },

  { title: 'inserts into the first null', rules: INSERT, before: ['[ab_c_('], cursor: 1, after: ['[xabc_('], to: 2 },
  { title: 'inserts at a null', rules: INSERT, before: ['[ab___('], cursor: 3, after: ['[abx__('], to: 4 },
  { title: 'inserts at the last cell', rules: INSERT, before: ['[abcd_('], cursor: 5, after: ['[abcdx('], to: 1 },
  { title: 'inserts over the end', rules: INSERT, before: ['c_(_', '_[ab'], cursor: 6, after: ['bc(_', '_[xa'], to: 7 },
  { title: 'inserts unformatted', rules: INSERT, before: ['ab__'], cursor: 0, after: ['xab_'], to: 1 },
  {
    title: 'inserts over a trailing blank with blank fill',
    rules: { ...INSERT, blankFill: true },
    before: ['[ab c  ('],
    cursor: 1,
    after: ['[xab c ('],
    to: 2,
  },

  { title: 'fills nulls before with blanks', rules: FILL, before: ['[a___b('], cursor: 4, after: ['[a  xb('], to: 5 },
  {
    title: 'fills up to an empty row',
    rules: FILL,
    before: ['[___', '____', '(___'],
    cursor: 6,
    after: ['[___', '  x_', '(___'],
    to: 7,
  },
  {
    title: 'fills a row with text',
    rules: FILL,
    before: ['[a__', '____', '(___'],
    cursor: 6,
    after: ['[a  ', '  x_', '(___'],
    to: 7,
  },
];

describe('typing', () => {
  it.each(CASES)('$title', ({ rules, before, cursor, after, to }) => {
    const screen = screenOf(...before);
    screen.moveCursor(cursor);
    const field = screen.fieldAt(cursor);
    expect(typeCode(screen, X, false, rules ?? OVERWRITE)).toBe('ok');
    expect(picture(screen)).toEqual(after);
    expect(screen.cursor).toBe(to);
    expect(modifiedFields(screen)).toEqual(screen.formatted ? [field] : []);
  });

  it.each<[outcome: EditOutcome, row: string, cursor: number, rules: TypingRules]>([
    ['protected', '(abc[___', 2, OVERWRITE],
    ['protected', '[abc(___', 0, OVERWRITE],
    ['protected', '[abc!___', 5, OVERWRITE],
    ['numeric', '#123(___', 1, { ...OVERWRITE, numericLock: true }],
    ['overflow', '[abcd(__', 1, INSERT],
    ['overflow', '[ab c (_', 1, INSERT],
    ['overflow', '[ab}(___', 3, OVERWRITE],
    ['overflow', 'abcd', 3, INSERT],
    ['dbcs', '[abc{(__', 4, OVERWRITE],
    ['dbcs', '[ab{c(__', 3, OVERWRITE],
  ])('is %s in %s at %i and changes nothing', (outcome, row, cursor, rules) => {
    const screen = screenOf(row);
    screen.moveCursor(cursor);
    const { version } = screen;
    expect(typeCode(screen, X, false, rules)).toBe(outcome);
    expect(picture(screen)).toEqual([row]);
    expect(screen.cursor).toBe(cursor);
    expect(screen.version).toBe(version);
  });

  // s3270/Test/testNumeric.py: every byte from 40 to FF.
  it('lets ten digits, plus, minus, period and comma into a numeric field', () => {
    const accepted: number[] = [];
    for (let code = 0x40; code < 0x100; code++) {
      const screen = screenOf('#___(');
      screen.moveCursor(1);
      if (typeCode(screen, code, false, { ...OVERWRITE, numericLock: true }) === 'ok') accepted.push(code);
    }
    expect(accepted).toEqual([0x4b, 0x4e, 0x60, 0x6b, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9]);
  });

  it('lets anything into a numeric field without the numeric lock', () => {
    const screen = screenOf('#___(');
    screen.moveCursor(1);
    expect(typeCode(screen, X, false, OVERWRITE)).toBe('ok');
  });

  it('takes foreground, highlighting and charset of the field, and keeps background and input control', () => {
    const screen = screenOf('[a__(');
    const kept = (0xf4 << BACKGROUND_SHIFT) | INPUT_CONTROL;
    screen.cells[1] = (screen.cells[1] as Cell) | kept | (0xf2 << FOREGROUND_SHIFT) | (2 << HIGHLIGHT_SHIFT);
    screen.moveCursor(1);
    typeCode(screen, X, false, OVERWRITE);
    expect(screen.cells[1]).toBe(kept | X);
  });

  it('marks a character of the APL set', () => {
    const screen = screenOf('[___(');
    screen.moveCursor(1);
    typeCode(screen, 0x8c, true, OVERWRITE);
    expect(picture(screen)).toEqual(['[≤__(']);
  });

  it('replaces a character of an NVT session', () => {
    const screen = screenOf('____');
    screen.setUnicode(0, 0x20ac, 0);
    expect(typeCode(screen, X, false, OVERWRITE)).toBe('ok');
    expect(screen.unicodeAt(0)).toBe(0);
    expect(picture(screen)).toEqual(['x___']);
  });

  it.each([
    [false, 'unavailable'],
    [true, 'ok'],
  ] as const)('with charsets reported: %s, an insert that moves a charset is %s', (charsetsReported, outcome) => {
    const screen = screenOf('[ab_(');
    screen.cells[2] = (screen.cells[2] as Cell) | (CELL_CHARSET.Apl << CHARSET_SHIFT);
    screen.moveCursor(1);
    expect(typeCode(screen, X, false, { ...INSERT, charsetsReported })).toBe(outcome);
    expect(picture(screen)).toEqual([outcome === 'ok' ? '[xab(' : '[ab_(']);
  });

  // s3270/Test/testMixedCharset.py: oerr-dbcs when a single byte would replace half of a double-byte character.
  it.each([
    [false, 'dbcs'],
    [true, 'ok'],
  ] as const)('with charsets reported: %s, overwriting a double-byte character is %s', (charsetsReported, outcome) => {
    const screen = screenOf('[ab_(');
    screen.cells[1] = (screen.cells[1] as Cell) | (CELL_CHARSET.Dbcs << CHARSET_SHIFT);
    screen.moveCursor(1);
    expect(typeCode(screen, X, false, { ...OVERWRITE, charsetsReported })).toBe(outcome);
  });

  it('refuses single bytes in a double-byte field', () => {
    const screen = screenOf('[ab_(');
    screen.cells[0] = (screen.cells[0] as Cell) | (CELL_CHARSET.Dbcs << CHARSET_SHIFT);
    screen.moveCursor(1);
    expect(typeCode(screen, X, false, { ...OVERWRITE, charsetsReported: true })).toBe('dbcs');
  });
});

describe('Dup and Field Mark', () => {
  it('Dup goes to the next input field', () => {
    const screen = screenOf('[abc(x[__');
    screen.moveCursor(1);
    expect(typeDup(screen, OVERWRITE)).toBe('ok');
    expect(picture(screen)).toEqual(['[:bc(x[__']);
    expect(screen.cursor).toBe(7);
    expect(modifiedFields(screen)).toEqual([0]);
  });

  it('Dup in the last cell of a field goes to the field right behind', () => {
    const screen = screenOf('[abc[xy(_');
    screen.moveCursor(3);
    typeDup(screen, OVERWRITE);
    expect(screen.cursor).toBe(5);
  });

  it('Field Mark goes on as a character does', () => {
    const screen = screenOf('[abc!x[__');
    screen.moveCursor(3);
    expect(typeFieldMark(screen, OVERWRITE)).toBe('ok');
    expect(picture(screen)).toEqual(['[ab;!x[__']);
    expect(screen.cursor).toBe(7);
  });

  it.each([
    ['(abc[___', 'protected'],
    ['#abc[___', 'numeric'],
  ])('in %s they are %s', (row, outcome) => {
    for (const type of [typeDup, typeFieldMark]) {
      const screen = screenOf(row);
      screen.moveCursor(1);
      expect(type(screen, { ...OVERWRITE, numericLock: true })).toBe(outcome);
      expect(screen.cursor).toBe(1);
    }
  });
});
