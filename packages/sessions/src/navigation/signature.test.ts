import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { matches, parseSignature, type Signature } from './signature.ts';

/** Row 1: a title. Row 3: an input with JOE in it. Row 4: a nondisplay input with SESAME in it. */
function logonScreen(): FakeSession {
  const session = new FakeSession();
  session.hostWrites(1, 2, 'LOGON TO BANK * 1 OF 2');
  session.hostSetsField(3, 10, 0);
  session.hostWrites(3, 11, 'JOE');
  session.hostSetsField(3, 19, FIELD_ATTRIBUTE.Protected);
  session.hostSetsField(4, 10, FIELD_ATTRIBUTE.Nondisplay);
  session.hostWrites(4, 11, 'SESAME');
  session.hostSetsField(4, 19, FIELD_ATTRIBUTE.Protected);
  session.hostWrites(5, 71, 'THE END OF');
  session.hostWrites(6, 1, ' A ROW');
  session.screen.moveCursor(2 * 80 + 10);
  return session;
}

const refusalOf = (work: () => unknown): RoundhouseError => {
  try {
    work();
  } catch (error) {
    if (isRoundhouseError(error)) return error;
  }
  throw new Error('not refused');
};

describe('a signature that fits', () => {
  it.each<[string, Signature]>([
    ['a text anywhere', { texts: [{ text: 'TO BANK' }] }],
    ['a text at its place', { texts: [{ text: 'LOGON', at: { row: 1, column: 2 } }] }],
    ['a text within an area', { texts: [{ text: 'JOE', within: { row: 2, column: 5, rows: 3, columns: 20 } }] }],
    [
      'an area larger than the screen',
      { texts: [{ text: 'JOE', within: { row: 3, column: 1, rows: 99, columns: 999 } }] },
    ],
    ['an asterisk as such', { texts: [{ text: 'BANK * 1' }] }],
    ['a wildcard', { texts: [{ text: 'LOGON*BANK*OF 2', wildcards: true }] }],
    ['a wildcard that stands for nothing', { texts: [{ text: 'LOG*ON', wildcards: true }] }],
    ['a wildcard at a place', { texts: [{ text: 'LOGON*OF', wildcards: true, at: { row: 1, column: 2 } }] }],
    ['an absent text', { absentTexts: [{ text: 'LOGOFF' }] }],
    ['an unprotected field', { fields: [{ row: 3, column: 11, protected: false, hidden: false }] }],
    ['a hidden field', { fields: [{ row: 4, column: 11, hidden: true }] }],
    ['the cursor', { cursor: { row: 3, column: 11 } }],
    ['the size', { size: { rows: 24, columns: 80 } }],
  ])('%s', (_what, signature) => {
    expect(matches(signature, logonScreen())).toEqual({ ok: true, missing: [] });
  });
});

describe('a signature that does not fit says what is missing', () => {
  it.each<[string, Signature, string]>([
    ['a text elsewhere', { texts: [{ text: 'LOGON', at: { row: 1, column: 3 } }] }, 'text "LOGON" at row 1 column 3'],
    ['a text in another case', { texts: [{ text: 'Logon' }] }, 'text "Logon" anywhere'],
    ['a text over the end of a row', { texts: [{ text: 'END OF A' }] }, 'text "END OF A" anywhere'],
    [
      'a text beside the area',
      { texts: [{ text: 'JOE', within: { row: 3, column: 12, rows: 1, columns: 9 } }] },
      'text "JOE" within 1 rows and 9 columns from row 3 column 12',
    ],
    [
      'wildcards in another order',
      { texts: [{ text: 'BANK*LOGON', wildcards: true }] },
      'pattern "BANK*LOGON" anywhere',
    ],
    [
      'a place beyond the screen',
      { texts: [{ text: 'X', at: { row: 99, column: 1 } }] },
      'text "X" at row 99 column 1',
    ],
    ['a text that is there', { absentTexts: [{ text: 'BANK' }] }, 'no text "BANK" anywhere'],
    [
      'a field of another kind',
      { fields: [{ row: 3, column: 11, protected: true }] },
      'a protected field that begins at row 3 column 11',
    ],
    [
      'a field that is displayed',
      { fields: [{ row: 3, column: 11, hidden: true, protected: false }] },
      'a hidden unprotected field that begins at row 3 column 11',
    ],
    ['no field', { fields: [{ row: 3, column: 12 }] }, 'a field that begins at row 3 column 12'],
    ['a field beyond the screen', { fields: [{ row: 3, column: 81 }] }, 'a field that begins at row 3 column 81'],
    ['the cursor elsewhere', { cursor: { row: 1, column: 1 } }, 'the cursor at row 1 column 1'],
    ['another size', { size: { rows: 43, columns: 80 } }, 'a screen of 43 × 80'],
  ])('%s', (_what, signature, missing) => {
    expect(matches(signature, logonScreen())).toEqual({ ok: false, missing: [missing] });
  });

  it('all of it', () => {
    const { missing } = matches(
      { texts: [{ text: 'A1' }, { text: 'B2' }], cursor: { row: 1, column: 1 } },
      logonScreen(),
    );
    expect(missing).toHaveLength(3);
  });
});

describe('nondisplay fields', () => {
  it.each<[string, Signature]>([
    ['a text anywhere', { texts: [{ text: 'SESAME' }] }],
    ['a text at its place', { texts: [{ text: 'S', at: { row: 4, column: 11 } }] }],
    ['a wildcard', { texts: [{ text: 'SES*ME', wildcards: true }] }],
  ])('never match %s', (_what, signature) => {
    expect(matches(signature, logonScreen()).ok).toBe(false);
  });

  it('do not make an absent text present', () => {
    expect(matches({ absentTexts: [{ text: 'SESAME' }] }, logonScreen()).ok).toBe(true);
  });
});

describe('the JSON form', () => {
  it('is read whole', () => {
    const texts = [{ text: 'A*B', wildcards: true, at: { row: 1, column: 2 } }];
    const absentTexts = [{ text: 'C', wildcards: false, within: { row: 1, column: 1, rows: 2, columns: 3 } }];
    const rest = {
      fields: [{ row: 3, column: 4, protected: true, hidden: false }],
      cursor: { row: 5, column: 6 },
      size: { rows: 24, columns: 80 },
    };
    expect(parseSignature({ texts, absent_texts: absentTexts, ...rest })).toEqual({ texts, absentTexts, ...rest });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no object', 'LOGON', 'signature', /not an object/],
    ['a list', [], 'signature', /not an object/],
    ['nothing', {}, 'signature', /every screen/],
    ['an unknown member', { text: [] }, 'signature.text', /did you mean texts/],
    ['no texts', { texts: [] }, 'signature.texts', /0 entries/],
    ['too many texts', { texts: Array(65).fill({ text: 'A' }) }, 'signature.texts', /65 entries/],
    ['an empty text', { texts: [{ text: '' }] }, 'signature.texts[0].text', /0 characters/],
    ['a long text', { texts: [{ text: 'A'.repeat(257) }] }, 'signature.texts[0].text', /257 characters/],
    ['a missing text', { texts: [{ at: { row: 1, column: 1 } }] }, 'signature.texts[0].text', /missing/],
    ['wildcards alone', { texts: [{ text: '**', wildcards: true }] }, 'signature.texts[0].text', /every row/],
    [
      'many wildcards',
      { texts: [{ text: 'a*'.repeat(9), wildcards: true }] },
      'signature.texts[0].text',
      /9 wildcards/,
    ],
    [
      'a place and an area',
      { texts: [{ text: 'A', at: { row: 1, column: 1 }, within: { row: 1, column: 1, rows: 1, columns: 1 } }] },
      'signature.texts[0].within',
      /beside/,
    ],
    ['half a place', { cursor: { row: 1 } }, 'signature.cursor.column', /missing/],
    ['row 0', { cursor: { row: 0, column: 1 } }, 'signature.cursor.row', /1 to/],
    ['half a row', { fields: [{ row: 1.5, column: 1 }] }, 'signature.fields[0].row', /whole/],
    ['a word for a flag', { fields: [{ row: 1, column: 1, hidden: 'yes' }] }, 'signature.fields[0].hidden', /true or/],
    ['what an object inherits', { size: Object.create({ rows: 24, columns: 80 }) }, 'signature.size.rows', /missing/],
  ])('%s is refused with its path', (_what, raw, path, reason) => {
    const error = refusalOf(() => parseSignature(raw));
    expect(error.code).toBe('NAVIGATION_INVALID');
    expect(error.details['path']).toBe(path);
    expect(error.details['reason']).toMatch(reason);
  });
});
