import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD } from './cell.ts';
import { dumpScreen } from './dump.ts';
import { NO_FIELD, Screen, UNFORMATTED_ATTRIBUTE } from './screen.ts';

const PROTECTED = FIELD | 0xe0;
const UNPROTECTED = FIELD | 0xc0;

/** A screen of 2 × 5 cells with the given cells set. */
function screenOf(cells: Readonly<Record<number, number>>): Screen {
  const screen = new Screen({ rows: 2, columns: 5 });
  for (const [address, cell] of Object.entries(cells)) screen.cells[Number(address)] = cell;
  screen.changed(true);
  return screen;
}

describe('Screen', () => {
  it('has no fields until a field attribute is set', () => {
    const screen = screenOf({});
    expect(screen.formatted).toBe(false);
    expect(screen.fieldAt(3)).toBe(NO_FIELD);
    expect(screen.attributeAt(3)).toBe(UNFORMATTED_ATTRIBUTE);
  });

  it('lets a field run over the end of the buffer', () => {
    const screen = screenOf({ 2: PROTECTED, 7: UNPROTECTED });
    expect([0, 1, 2, 6, 7, 9].map((address) => screen.fieldAt(address))).toEqual([7, 7, 2, 2, 7, 7]);
    expect(screen.fieldLength(2)).toBe(4);
    expect(screen.fieldLength(7)).toBe(4);
  });

  it('lets a single field have all other cells', () => {
    expect(screenOf({ 4: UNPROTECTED }).fieldLength(4)).toBe(9);
  });

  it('finds every governing attribute as a search backwards does', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (fields) => {
        const screen = screenOf(Object.fromEntries(fields.map((is, at) => [at, is ? PROTECTED : 0x40])));
        for (let address = 0; address < 10; address++) {
          let at = address;
          for (let steps = 0; steps < 10 && !fields[at]; steps++) at = (at + 9) % 10;
          expect(screen.fieldAt(address)).toBe(fields[at] ? at : NO_FIELD);
        }
      }),
    );
  });

  it('finds the next unprotected field that is not empty, from the address on and around', () => {
    const screen = screenOf({ 0: UNPROTECTED, 1: PROTECTED, 5: UNPROTECTED });
    expect(screen.nextUnprotected(0)).toBe(6);
    expect(screen.nextUnprotected(6)).toBe(6);
    expect(screenOf({ 0: PROTECTED }).nextUnprotected(3)).toBe(0);
  });

  it('counts a version for each visible change and none for what changes nothing', () => {
    const screen = screenOf({ 0: UNPROTECTED });
    const { version } = screen;
    screen.moveCursor(0);
    screen.setModified(3, false);
    expect(screen.version).toBe(version);
    screen.moveCursor(1);
    screen.setModified(3, true);
    expect(screen.version).toBe(version + 2);
  });

  it('erases the data of a field and keeps the colours', () => {
    const screen = screenOf({ 0: UNPROTECTED, 1: 0xf200 | 0xc1, 2: 0xc2, 3: PROTECTED, 4: 0xc3 });
    screen.eraseField(0);
    expect([...screen.cells.subarray(0, 5)]).toEqual([UNPROTECTED, 0xf200, 0, PROTECTED, 0xc3]);
  });

  it('keeps NVT characters in a plane that 3270 data uncover', () => {
    const screen = screenOf({});
    screen.setUnicode(4, 0x20ac, 0);
    expect(screen.unicodeAt(4)).toBe(0x20ac);
    screen.cells[4] = 0xc1;
    expect(screen.unicodeAt(4)).toBe(0);
    screen.clear();
    expect(screen.unicode).toBeUndefined();
  });

  it('scrolls cells and NVT characters by a row', () => {
    const screen = screenOf({ 5: 0xc1 });
    screen.setUnicode(6, 0x41, 0);
    screen.scroll();
    expect(screen.cells[0]).toBe(0xc1);
    expect(screen.unicodeAt(1)).toBe(0x41);
    expect(screen.unicodeAt(6)).toBe(0);
  });

  it('is empty after a change of size, and keeps its buffer when the size is the same', () => {
    const screen = screenOf({ 0: 0xc1 });
    screen.resize({ rows: 2, columns: 5 });
    expect(screen.cells[0]).toBe(0xc1);
    screen.resize({ rows: 5, columns: 2 });
    expect(screen.cells[0]).toBe(0);
    screen.resize({ rows: 3, columns: 5 });
    expect(screen.size).toBe(15);
  });
});

describe('dumpScreen', () => {
  it('masks what it is told to mask, but for NULs', () => {
    const screen = screenOf({ 0: FIELD | 0xcc, 1: 0xc1, 3: PROTECTED, 4: 0xc2 });
    expect(dumpScreen(screen, { mask: (field) => (field & 0x0c) === 0x0c })).toEqual([
      'SF(c0=cc) .. 00 SF(c0=e0) c2',
      '00 00 00 00 00',
    ]);
  });

  it('shows the wrap of NVT text as the reference does', () => {
    const screen = screenOf({});
    screen.setUnicode(4, 0x41, 0);
    screen.markWrapped(4);
    expect(dumpScreen(screen)).toEqual(['00 00 00 00 SA(41=f0) 00', 'SA(41=f0) 00 00 00 00 00']);
  });
});
