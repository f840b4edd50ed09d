import {
  APL,
  backgroundOf,
  type Cell,
  CELL_CHARSET,
  charOf,
  charsetOf,
  type CodePage,
  COLOR,
  foregroundOf,
  HIGHLIGHTING,
  highlightOf,
  isIntensified,
  isNondisplay,
  isProtected,
  NO_FIELD,
  type Screen,
} from '@roundhouse/tn3270';
import type { Frame } from './frame.ts';
import { glyphOf, isWideGlyph, UNDRAWABLE } from './glyph.ts';
import { BLINK, BOLD, inColor, PLAIN, REVERSE, type Style, UNDERSCORE } from './style.ts';
import type { Viewport } from './viewport.ts';

/** What stands behind everything. */
export const backdrop = (color: boolean): Style => (color ? inColor(COLOR.NeutralWhite, COLOR.NeutralBlack) : PLAIN);

/** Codes that have a glyph on a display and none in a code page. GA23-0059-07, "Format control orders". */
const CONTROL_GLYPHS: Readonly<Record<number, string>> = { 0x1c: '*', 0x1e: ';' };

/**
 * Draws the part of the screen that the viewport shows at the top left of the frame. `color` as on a 3279, else as on a
 * 3278. Field attributes and nondisplay fields are blank: what they hide is never in the frame.
 */
export function drawScreen(frame: Frame, screen: Screen, codePage: CodePage, color: boolean, view: Viewport): void {
  const { cells, columns } = screen;
  const glyphs = baseGlyphs(codePage);
  const blank = backdrop(color);
  for (let row = 0; row < view.rows; row++) {
    const start = (view.top + row) * columns + view.left;
    const fieldAddress = screen.fieldAt(start);
    let field = fieldAddress === NO_FIELD ? 0 : (cells[fieldAddress] as Cell);
    let attribute = screen.attributeAt(start);
    for (let column = 0; column < view.columns; column++) {
      const at = start + column;
      const to = row * frame.columns + column;
      const cell = cells[at] as Cell;
      if (cell < 0) {
        field = cell;
        attribute = charOf(cell);
      }
      if (cell < 0 || isNondisplay(attribute)) {
        frame.glyphs[to] = ' ';
        frame.styles[to] = blank;
        continue;
      }
      frame.styles[to] = color ? colorStyle(cell, field, attribute) : monochromeStyle(cell, field, attribute);
      const glyph = charsetOf(cell) === CELL_CHARSET.Base ? (glyphs[charOf(cell)] as string) : otherGlyph(screen, at);
      if (!isWideGlyph(glyph)) frame.glyphs[to] = glyph;
      else if (column + 1 < view.columns && isBlank(screen, at + 1)) {
        frame.glyphs[to] = glyph;
        frame.glyphs[to + 1] = '';
        frame.styles[to + 1] = frame.styles[to] as Style;
        column++;
      } else frame.glyphs[to] = UNDRAWABLE;
    }
  }
}

/** Colours of the cell, else of its field, else by the kind of field: the base colours of a 3279. GA23-0059-07 §4.4.6.4. */
function colorStyle(cell: Cell, field: Cell, attribute: number): Style {
  const foreground = foregroundOf(cell) || foregroundOf(field) || baseColor(attribute);
  const background = backgroundOf(cell) || backgroundOf(field) || COLOR.NeutralBlack;
  return inColor(foreground, background) | monochromeStyle(cell, field, attribute);
}

function baseColor(attribute: number): number {
  if (isProtected(attribute)) return isIntensified(attribute) ? COLOR.NeutralWhite : COLOR.Blue;
  return isIntensified(attribute) ? COLOR.Red : COLOR.Green;
}

function monochromeStyle(cell: Cell, field: Cell, attribute: number): Style {
  const highlight = highlightOf(cell) || highlightOf(field);
  let style = isIntensified(attribute) || (highlight & HIGHLIGHTING.Intensify & 0x0f) !== 0 ? BOLD : PLAIN;
  if ((highlight & HIGHLIGHTING.Blink & 0x0f) !== 0) style |= BLINK;
  if ((highlight & HIGHLIGHTING.Reverse & 0x0f) !== 0) style |= REVERSE;
  if ((highlight & HIGHLIGHTING.Underscore & 0x0f) !== 0) style |= UNDERSCORE;
  return style;
}

/** Characters of NVT sessions, and those of the APL and line-drawing set. */
function otherGlyph(screen: Screen, address: number): string {
  const drawn = screen.unicodeAt(address);
  if (drawn !== 0) return glyphOf(drawn);
  const cell = screen.cells[address] as Cell;
  return charsetOf(cell) === CELL_CHARSET.Dbcs ? ' ' : glyphOf(APL.toUnicode(charOf(cell)));
}

/** Whether the cell is free for the right half of a wide character. */
function isBlank(screen: Screen, address: number): boolean {
  const cell = screen.cells[address] as Cell;
  if (cell < 0) return false;
  return screen.unicodeAt(address) === 0x20 || cell === 0;
}

const tables = new WeakMap<CodePage, readonly string[]>();

function baseGlyphs(codePage: CodePage): readonly string[] {
  let table = tables.get(codePage);
  if (table === undefined) {
    table = Array.from({ length: 256 }, (_, code) => CONTROL_GLYPHS[code] ?? glyphOf(codePage.toUnicode(code)));
    tables.set(codePage, table);
  }
  return table;
}
