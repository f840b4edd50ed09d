import {
  APL,
  CELL_CHARSET,
  type Cell,
  charOf,
  charsetOf,
  type CodePage,
  isNondisplay,
  type Screen,
} from '@roundhouse/tn3270';

/** One string a cell: blank where nothing shows, on field attributes and in hidden fields. */
export function cellTexts(screen: Screen, codePage: CodePage): string[] {
  const { cells, unicode } = screen;
  const glyphs = glyphsOf(codePage);
  const texts: string[] = [];
  let hidden = isNondisplay(screen.attributeAt(0));
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at] as Cell;
    if (cell < 0) {
      hidden = isNondisplay(charOf(cell));
      texts.push(' ');
    } else if (hidden) texts.push(' ');
    else if (charsetOf(cell) === CELL_CHARSET.Base) texts.push(glyphs[charOf(cell)] as string);
    else texts.push(otherGlyph(cell, unicode === undefined ? 0 : screen.unicodeAt(at)));
  }
  return texts;
}

/** What the cells from `from` on show, over the end of the buffer, without trailing blanks. */
export function textAt(texts: readonly string[], from: number, length: number): string {
  const end = from + length;
  const whole =
    end <= texts.length ? texts.slice(from, end) : [...texts.slice(from), ...texts.slice(0, end - texts.length)];
  return whole.join('').trimEnd();
}

/** All rows at full width, joined by line feeds. */
export function screenText(texts: readonly string[], columns: number): string {
  const rows: string[] = [];
  for (let at = 0; at < texts.length; at += columns) rows.push(texts.slice(at, at + columns).join(''));
  return rows.join('\n');
}

/** Codes that have a glyph on a display and none in a code page. GA23-0059-07, "Format control orders". */
const DUP = 0x1c;
const FIELD_MARK = 0x1e;

const tables = new WeakMap<CodePage, readonly string[]>();

function glyphsOf(codePage: CodePage): readonly string[] {
  let table = tables.get(codePage);
  if (table === undefined) {
    table = Array.from({ length: 256 }, (_, code) => {
      if (code === DUP) return '*';
      if (code === FIELD_MARK) return ';';
      return glyph(codePage.toUnicode(code));
    });
    tables.set(codePage, table);
  }
  return table;
}

function otherGlyph(cell: Cell, drawn: number): string {
  if (drawn !== 0) return glyph(drawn);
  return charsetOf(cell) === CELL_CHARSET.Dbcs ? ' ' : glyph(APL.toUnicode(charOf(cell)));
}

function glyph(codePoint: number): string {
  return codePoint === 0 ? ' ' : String.fromCodePoint(codePoint);
}
