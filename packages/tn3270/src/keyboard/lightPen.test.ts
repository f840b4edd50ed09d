import { describe, expect, it } from 'vitest';
import { AID } from '../datastream/aid.ts';
import { selectField } from './lightPen.ts';
import { modifiedFields, picture, screenOf } from './screenFixture.ts';

describe('light pen', () => {
  it.each([
    ['marks the field as selected', '*?ab(', false, null, '*>ab(', [0]],
    ['takes the mark back', '*>ab(', true, null, '*?ab(', []],
    ['sends Select for a space', '* ab(', false, AID.Select, '* ab(', [0]],
    ['sends Select for a null', '*_ab(', false, AID.Select, '*_ab(', [0]],
    ['sends Select for an empty field', '*(ab[', false, AID.Select, '*(ab[', [0]],
    ['sends Enter for an ampersand', '*&ab(', false, AID.Enter, '*&ab(', [0]],
    ['refuses a field without designator', '*abc(', false, 'unavailable', '*abc(', []],
  ] as const)('%s', (_, before, modified, outcome, after, fields) => {
    const screen = screenOf(before);
    screen.setModified(0, modified);
    expect(selectField(screen, before === '*(ab[' ? 0 : 2)).toBe(outcome);
    expect(picture(screen)).toEqual([after]);
    expect(modifiedFields(screen)).toEqual(fields);
  });

  it.each(['(?ab[', '[?ab(', '?abc'])('refuses what is not detectable: %s', (row) => {
    const screen = screenOf(row);
    expect(selectField(screen, 2)).toBe('unavailable');
    expect(picture(screen)).toEqual([row]);
  });
});
