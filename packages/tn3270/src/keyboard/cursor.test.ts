import { describe, expect, it } from 'vitest';
import type { Screen } from '../screen/screen.ts';
import { backTab, fieldEnd, home, newline, nextWord, previousWord, stepBy, tab } from './cursor.ts';
import { screenOf } from './screenFixture.ts';

type Target = (screen: Screen) => number | null;

/** Rows of ten: positions 0-9, 10-19, 20-29. */
const FORM = ['(Name[ab_c', '(_[(_[____', '!_[_______'] as const;
const EMPTY = ['__________', '__________'] as const;

function follow(rows: readonly string[], cursor: number, target: Target): number | null {
  const screen = screenOf(...rows);
  screen.moveCursor(cursor);
  return target(screen);
}

describe('cursor keys', () => {
  it.each<[name: string, rows: readonly string[], from: number, to: number | null, target: Target]>([
    ['Tab goes to the next input field', FORM, 0, 6, tab],
    ['Tab from an attribute goes behind it', FORM, 5, 6, tab],
    ['Tab passes an empty field', FORM, 6, 16, tab],
    ['Tab wraps at the end of the buffer', FORM, 25, 6, tab],
    ['Tab without input fields goes to the top', EMPTY, 5, 0, tab],
    ['BackTab goes to the start of this field', FORM, 8, 6, backTab],
    ['BackTab from the start goes to the field before', FORM, 23, 16, backTab],
    ['BackTab wraps at the start of the buffer', FORM, 6, 23, backTab],
    ['BackTab passes an empty field', FORM, 16, 6, backTab],
    ['BackTab without input fields goes to the top', EMPTY, 5, 0, backTab],
    ['Home goes to the first input field', FORM, 25, 6, home],
    ['Home of an unformatted buffer is the top', EMPTY, 5, 0, home],
    ['Home finds the field whose attribute is the last cell', ['__________', '(________['], 5, 0, home],
    ['Newline goes to the next row', EMPTY, 5, 10, newline],
    ['Newline wraps at the last row', EMPTY, 15, 0, newline],
    ['Newline goes on to an input field', FORM, 0, 16, newline],
    ['Newline stays in a field that goes on to the next row', ['[_________', '______(___'], 3, 10, newline],
    ['FieldEnd goes behind the last character', FORM, 16, 16, fieldEnd],
    ['FieldEnd of a full field goes to its last character', FORM, 6, 9, fieldEnd],
    ['FieldEnd keeps blanks inside', ['[a__b__(__', '__________'], 1, 5, fieldEnd],
    ['FieldEnd of a field that wraps', ['a_________', '(________['], 0, 1, fieldEnd],
    ['FieldEnd stays in a protected field', FORM, 2, 2, fieldEnd],
    ['FieldEnd has no meaning without fields', EMPTY, 5, null, fieldEnd],
    ['NextWord goes to the next word of the field', FORM, 6, 9, nextWord],
    ['NextWord goes behind the last word', ['[ab_______', '(cd_[ef___'], 1, 3, nextWord],
    ['NextWord then goes to the next input field', ['[ab_______', '(cd_[ef___'], 3, 15, nextWord],
    ['NextWord from a protected field', ['(ab_______', '(cd_[ef___'], 1, 15, nextWord],
    ['NextWord goes behind a word that fills its field', ['[_______ab', '(cd_[ef___'], 8, 10, nextWord],
    ['NextWord stays when there is none', ['[_________', '(cd_______'], 3, 3, nextWord],
    ['NextWord has no meaning without fields', EMPTY, 5, null, nextWord],
    ['PreviousWord goes to the word before this one', ['[ab_cd____', '(_________'], 5, 1, previousWord],
    ['PreviousWord from blanks goes to the start of the word', ['[ab_cd____', '(_________'], 8, 4, previousWord],
    ['PreviousWord passes protected words', ['[ab_(cd_[_', '__________'], 15, 1, previousWord],
    ['PreviousWord wraps at the start of the buffer', ['[_________', '(cd_[ef___'], 3, 15, previousWord],
    ['PreviousWord stays when there is none', ['[_________', '(cd_______'], 3, 3, previousWord],
    ['PreviousWord has no meaning without fields', EMPTY, 5, null, previousWord],
    ['Left wraps', EMPTY, 0, 19, (screen) => stepBy(screen, -1)],
    ['Right wraps', EMPTY, 19, 0, (screen) => stepBy(screen, 1)],
    ['Up wraps in the column', EMPTY, 3, 13, (screen) => stepBy(screen, -screen.columns)],
    ['Down wraps in the column', EMPTY, 13, 3, (screen) => stepBy(screen, screen.columns)],
  ])('%s', (_, rows, from, to, target) => {
    expect(follow(rows, from, target)).toBe(to);
  });

  // x3270/Test/testFieldEnd.py: eight input cells from column 13, "Hello threre" typed; End goes to column 20.
  it('goes to the last of eight cells when all are typed', () => {
    expect(follow(['(_________[_Hello_th(', '_____________________'], 12, fieldEnd)).toBe(19);
  });
});
