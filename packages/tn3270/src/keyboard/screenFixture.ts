import type { AplPage, CodePage } from '../codepage/codePage.ts';
import { type Cell, CELL_CHARSET, CHARSET_SHIFT, charOf, FIELD, isField } from '../screen/cell.ts';
import { Screen } from '../screen/screen.ts';

/**
 * Screens as pictures, for tests. One character a cell: `[` input, `#` numeric, `(` protected, `!` skip, `*` detectable
 * attribute; `_` null; `{` Shift Out, `}` Shift In, `:` Dup, `;` Field Mark; the rest as in the code page.
 */
const ATTRIBUTE_MARKS: Readonly<Record<string, number>> = { '[': 0xc0, '#': 0xd0, '(': 0xe0, '!': 0xf0, '*': 0xe4 };
const CODE_MARKS: Readonly<Record<string, number>> = { _: 0x00, '{': 0x0e, '}': 0x0f, ':': 0x1c, ';': 0x1e };

const MODIFIED = 0x01;

/** The part of code page 037 that the tests type. */
const CP037 = new Map<string, number>([
  ...range('abcdefghi', 0x81),
  ...range('jklmnopqr', 0x91),
  ...range('stuvwxyz', 0xa2),
  ...range('ABCDEFGHI', 0xc1),
  ...range('JKLMNOPQR', 0xd1),
  ...range('STUVWXYZ', 0xe2),
  ...range('0123456789', 0xf0),
  ...range(' ', 0x40),
  ...range('.<', 0x4b),
  ...range('+', 0x4e),
  ...range('&', 0x50),
  ...range('-/', 0x60),
  ...range(',%', 0x6b),
  ...range('>?', 0x6e),
]);

const CP037_REVERSE = new Map([...CP037].map(([character, code]) => [code, character]));

export const codePage: CodePage = {
  id: '037',
  aliases: [],
  cgcsgid: 0x02b90025,
  keyboardType: 'USB',
  toUnicode: (code) => CP037_REVERSE.get(code)?.codePointAt(0) ?? 0,
  fromUnicode: (codePoint) => CP037.get(String.fromCodePoint(codePoint)) ?? -1,
};

/** `≤` of code page 310. */
export const aplPage: AplPage = {
  toUnicode: (code) => (code === 0x8c ? 0x2264 : 0),
  fromUnicode: (codePoint) => (codePoint === 0x2264 ? 0x8c : -1),
};

export function screenOf(...rows: readonly string[]): Screen {
  const columns = (rows[0] as string).length;
  const screen = new Screen({ rows: rows.length, columns });
  [...rows.join('')].forEach((mark, address) => {
    const attribute = ATTRIBUTE_MARKS[mark];
    screen.cells[address] = attribute === undefined ? codeOf(mark) : FIELD | attribute;
  });
  screen.changed(true);
  return screen;
}

export function picture(screen: Screen): string[] {
  const marks = [...screen.cells].map(markOf).join('');
  return Array.from({ length: screen.rows }, (_, row) => marks.slice(row * screen.columns, (row + 1) * screen.columns));
}

/** Addresses of the fields whose modified data tag is set. */
export function modifiedFields(screen: Screen): number[] {
  return screen.fieldStarts.filter((field) => ((screen.cells[field] as Cell) & MODIFIED) !== 0);
}

function codeOf(mark: string): number {
  const code = CODE_MARKS[mark] ?? CP037.get(mark);
  if (code === undefined) throw new Error(`no cell is drawn as ${mark}`);
  return code;
}

function markOf(cell: Cell): string {
  const code = charOf(cell);
  const marks = isField(cell) ? ATTRIBUTE_MARKS : CODE_MARKS;
  const wanted = isField(cell) ? code & ~MODIFIED : code;
  const mark = Object.entries(marks).find(([, value]) => value === wanted)?.[0];
  if (mark !== undefined) return mark;
  if (cell >>> CHARSET_SHIFT === CELL_CHARSET.Escape) return String.fromCodePoint(aplPage.toUnicode(code));
  return CP037_REVERSE.get(code) ?? '\u{fffd}';
}

function range(characters: string, from: number): [character: string, code: number][] {
  return [...characters].map((character, index) => [character, from + index]);
}
