import { describe, expect, it } from 'vitest';
import {
  type Cell,
  CELL_CHARSET,
  CHARSET_SHIFT,
  charsetOf,
  FOREGROUND_SHIFT,
  foregroundOf,
  HIGHLIGHT_SHIFT,
} from '../screen/cell.ts';
import type { Screen } from '../screen/screen.ts';
import { deleteCharacter, deleteField, deleteWord, eraseCharacter, eraseInput, eraseToEndOfField } from './edit.ts';
import type { EditOutcome } from './outcome.ts';
import { modifiedFields, picture, screenOf } from './screenFixture.ts';

type Edit = (screen: Screen) => EditOutcome;

const remove: Edit = (screen) => deleteCharacter(screen, false);
const erase: Edit = (screen) => eraseCharacter(screen, false);
const word: Edit = (screen) => deleteWord(screen, false);
const toEnd: Edit = (screen) => eraseToEndOfField(screen, false);

interface Case {
  readonly title: string;
  readonly edit: Edit;
  readonly before: readonly string[];
  readonly cursor: number;
  readonly after: readonly string[];
  readonly to?: number;
  readonly outcome?: EditOutcome;
}

const CASES: readonly Case[] = [
  { title: 'Delete pulls the field left', edit: remove, before: ['[abcd(xy'], cursor: 2, after: ['[acd_(xy'] },
  { title: 'Delete of the last cell', edit: remove, before: ['[abcd(xy'], cursor: 4, after: ['[abc_(xy'] },
  { title: 'Delete keeps blanks inside', edit: remove, before: ['[ab_d(xy'], cursor: 1, after: ['[b_d_(xy'] },
  {
    title: 'Delete in a field over the end',
    edit: remove,
    before: ['cd(x', '_[ab'],
    cursor: 6,
    after: ['d_(x', '_[bc'],
  },
  { title: 'Delete behind the end', edit: remove, before: ['cde(', '_[ab'], cursor: 1, after: ['ce_(', '_[ab'] },
  { title: 'Delete with one field in all', edit: remove, before: ['ab[c', 'defg'], cursor: 3, after: ['b_[d', 'efga'] },
  {
    title: 'Delete in an unformatted buffer',
    edit: remove,
    before: ['abcd', 'efgh'],
    cursor: 2,
    after: ['abde', 'fgh_'],
  },
  { title: 'Delete of a shift pair', edit: remove, before: ['[a{}bc(x'], cursor: 2, after: ['[abc__(x'] },
  ...refused(remove, 'Delete', 'protected', [
    ['(abcd[xy', 2],
    ['[abcd(xy', 0],
    ['[a{b}c(x', 2],
    ['[abc{(xy', 4],
  ]),

  { title: 'Erase removes to the left', edit: erase, before: ['[abcd(xy'], cursor: 3, after: ['[acd_(xy'], to: 2 },
  {
    title: 'Erase at the start does nothing',
    edit: erase,
    before: ['[abcd(xy'],
    cursor: 1,
    after: ['[abcd(xy'],
    to: 1,
  },
  { title: 'Erase over the end', edit: erase, before: ['cd(x', '_[ab'], cursor: 0, after: ['d_(x', '_[ac'], to: 7 },
  {
    title: 'Erase at a start in cell 0',
    edit: erase,
    before: ['ab(x', '___['],
    cursor: 0,
    after: ['ab(x', '___['],
    to: 0,
  },
  {
    title: 'Erase takes an emptied shift pair',
    edit: erase,
    before: ['[x{a}y(_'],
    cursor: 5,
    after: ['[xy___(_'],
    to: 2,
  },
  ...refused(erase, 'Erase', 'protected', [
    ['(abcd[xy', 2],
    ['[abcd(xy', 5],
  ]),

  { title: 'DeleteWord', edit: word, before: ['[ab_cd_(x'], cursor: 6, after: ['[ab____(x'], to: 4 },
  { title: 'DeleteWord in a word', edit: word, before: ['[ab_cd_(x'], cursor: 5, after: ['[ab_d__(x'], to: 4 },
  { title: 'DeleteWord takes blanks first', edit: word, before: ['[ab__x_(x'], cursor: 5, after: ['[x_____(x'], to: 1 },
  ...refused(word, 'DeleteWord', 'protected', [
    ['(abcd[xy', 2],
    ['[abcd(xy', 5],
  ]),
  ...refused(word, 'DeleteWord', 'unavailable', [['abcdefgh', 2]]),

  { title: 'DeleteField', edit: deleteField, before: ['cd(x', '_[ab'], cursor: 0, after: ['__(x', '_[__'], to: 6 },
  ...refused(deleteField, 'DeleteField', 'protected', [
    ['(abcd[xy', 2],
    ['[abcd(xy', 5],
  ]),
  ...refused(deleteField, 'DeleteField', 'unavailable', [['abcdefgh', 2]]),

  { title: 'EraseEOF', edit: toEnd, before: ['[abcd(xy'], cursor: 2, after: ['[a___(xy'] },
  { title: 'EraseEOF over the end', edit: toEnd, before: ['cd(x', '_[ab'], cursor: 7, after: ['__(x', '_[a_'] },
  {
    title: 'EraseEOF of an unformatted buffer',
    edit: toEnd,
    before: ['abcd', 'efgh'],
    cursor: 3,
    after: ['abc_', '____'],
  },
  ...refused(toEnd, 'EraseEOF', 'protected', [
    ['(abcd[xy', 2],
    ['[abcd(xy', 5],
  ]),
];

/** Edits that are refused leave buffer, cursor and MDT. */
function refused(edit: Edit, name: string, outcome: EditOutcome, places: readonly [string, number][]): Case[] {
  return places.map(([row, cursor]) => ({
    title: `${name} is ${outcome} at ${cursor} of ${row}`,
    edit,
    before: [row],
    cursor,
    after: [row],
    outcome,
  }));
}

describe('edits', () => {
  it.each(CASES)('$title', ({ edit, before, cursor, after, to, outcome }) => {
    const screen = screenOf(...before);
    screen.moveCursor(cursor);
    const { version } = screen;
    expect(edit(screen)).toBe(outcome ?? 'ok');
    expect(picture(screen)).toEqual(after);
    expect(screen.cursor).toBe(to ?? cursor);
    const changed = before.join() !== after.join();
    expect(screen.version > version).toBe(changed);
    expect(modifiedFields(screen)).toEqual(changed && screen.formatted ? [screen.fieldAt(cursor)] : []);
  });

  it('keeps colour and highlighting of an erased cell, not its charset', () => {
    const screen = screenOf('[ab(');
    const attributes = (0xf2 << FOREGROUND_SHIFT) | (2 << HIGHLIGHT_SHIFT);
    screen.cells[2] = (screen.cells[2] as Cell) | attributes | (CELL_CHARSET.Escape << CHARSET_SHIFT);
    screen.moveCursor(2);
    deleteCharacter(screen, false);
    expect(screen.cells[2]).toBe(attributes);
  });

  it('moves characters together with their attributes', () => {
    const screen = screenOf('[abc(');
    screen.cells[3] = (screen.cells[3] as Cell) | (0xf2 << FOREGROUND_SHIFT);
    screen.moveCursor(1);
    deleteCharacter(screen, false);
    expect(foregroundOf(screen.cells[2] as Cell)).toBe(0xf2);
  });

  // s3270/Test/testMixedCharset.py: Delete and EraseEOF keep the host's charsets unless reads report them.
  describe('a character whose charset the host set', () => {
    function withAplAt(address: number): Screen {
      const screen = screenOf('[abcd(');
      screen.cells[address] = (screen.cells[address] as Cell) | (CELL_CHARSET.Apl << CHARSET_SHIFT);
      screen.moveCursor(1);
      return screen;
    }

    it('does not move in field mode', () => {
      const screen = withAplAt(3);
      expect(deleteCharacter(screen, false)).toBe('unavailable');
      expect(picture(screen)).toEqual(['[abcd(']);
      expect(modifiedFields(screen)).toEqual([]);
    });

    it('moves when reads report charsets', () => {
      const screen = withAplAt(3);
      expect(deleteCharacter(screen, true)).toBe('ok');
      expect([1, 2, 3, 4].map((at) => charsetOf(screen.cells[at] as Cell))).toEqual([0, CELL_CHARSET.Apl, 0, 0]);
    });

    it.each([
      [false, CELL_CHARSET.Apl],
      [true, CELL_CHARSET.Base],
    ])('with charsets reported: %s, EraseEOF leaves charset %i', (charsetsReported, charset) => {
      const screen = withAplAt(3);
      eraseToEndOfField(screen, charsetsReported);
      expect(picture(screen)).toEqual(['[____(']);
      expect(charsetOf(screen.cells[3] as Cell)).toBe(charset);
    });
  });

  it('EraseEOF takes characters of an NVT session away', () => {
    const screen = screenOf('[abc(');
    screen.setUnicode(2, 0x20ac, 0);
    screen.moveCursor(1);
    eraseToEndOfField(screen, false);
    expect(screen.unicodeAt(2)).toBe(0);
  });
});

describe('Erase Input', () => {
  it('empties the input fields, resets their MDT and goes to the first', () => {
    const screen = screenOf('ab(xy', '[cd#1', '2!zz[');
    for (const field of screen.fieldStarts) screen.setModified(field, true);
    screen.moveCursor(4);
    eraseInput(screen);
    expect(picture(screen)).toEqual(['__(xy', '[__#_', '_!zz[']);
    expect(modifiedFields(screen)).toEqual([2, 11]);
    expect(screen.cursor).toBe(6);
  });

  it('goes to the top when all is protected', () => {
    const screen = screenOf('a(xyz');
    screen.moveCursor(3);
    eraseInput(screen);
    expect(picture(screen)).toEqual(['a(xyz']);
    expect(screen.cursor).toBe(0);
  });

  it('clears an unformatted buffer', () => {
    const screen = screenOf('abcde');
    screen.moveCursor(3);
    eraseInput(screen);
    expect(picture(screen)).toEqual(['_____']);
    expect(screen.cursor).toBe(0);
  });
});
