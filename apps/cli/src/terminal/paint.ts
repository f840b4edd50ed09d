import type { Frame } from './frame.ts';
import { isSteady } from './glyph.ts';
import { backgroundIndex, BLINK, BOLD, foregroundIndex, PLAIN, REVERSE, type Style, UNDERSCORE } from './style.ts';

/** How many colours the user's terminal has. */
export type Palette = 'none' | '16' | '256';

const ESC = '\x1b';
const CSI = `${ESC}[`;
/** Synchronized output: terminals that know it show the frame at once, others ignore it. */
const BEGIN = `${CSI}?2026h`;
const END = `${CSI}?2026l`;
const HIDE_CURSOR = `${CSI}?25l`;
const SHOW_CURSOR = `${CSI}?25h`;
const ERASE_ALL = `${CSI}0m${CSI}2J`;

/** A gap of unchanged cells up to this long is written again: a cursor movement is no shorter. */
const LONGEST_BRIDGE = 4;

/**
 * The bytes that turn what `previous` has left on the terminal into `next`; undefined for a terminal in an unknown
 * state. Empty when nothing differs.
 */
export function paint(previous: Frame | undefined, next: Frame, palette: Palette): string {
  const known = previous !== undefined && previous.rows === next.rows && previous.columns === next.columns;
  const cells = paintCells(known ? previous : undefined, next, palette);
  const cursor = next.cursor;
  if (known && cells === '' && sameCursor(previous, next)) return '';
  return (
    BEGIN +
    (cells === '' && cursor !== null ? '' : HIDE_CURSOR) +
    (known ? '' : ERASE_ALL) +
    cells +
    (cursor === null ? '' : moveTo(cursor.row, cursor.column) + SHOW_CURSOR) +
    END
  );
}

function paintCells(previous: Frame | undefined, next: Frame, palette: Palette): string {
  const { rows, columns, glyphs, styles } = next;
  let output = '';
  let style: Style | undefined;
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    // Where the terminal's cursor stands in this row, or −1.
    let at = -1;
    for (let column = 0; column < columns; column++) {
      const index = start + column;
      const glyph = glyphs[index] as string;
      // The right half of a wide glyph comes and goes with the left one.
      if (glyph === '' || !differs(previous, next, index)) continue;
      if (column !== at) output += bridge(next, start, at, column, style) ?? moveTo(row, column);
      if (styles[index] !== style) {
        style = styles[index] as Style;
        output += selectStyle(style, palette);
      }
      output += glyph;
      at = isSteady(glyph) && column + 1 < columns ? column + 1 : -1;
    }
  }
  return output === '' ? '' : `${output}${CSI}0m`;
}

function differs(previous: Frame | undefined, next: Frame, index: number): boolean {
  return (
    previous === undefined ||
    previous.glyphs[index] !== next.glyphs[index] ||
    previous.styles[index] !== next.styles[index]
  );
}

/** The unchanged cells between two changed ones, where writing them again is no longer than moving over them. */
function bridge(next: Frame, start: number, from: number, to: number, style: Style | undefined): string | undefined {
  if (from < 0 || to - from > LONGEST_BRIDGE) return undefined;
  let text = '';
  for (let column = from; column < to; column++) {
    const glyph = next.glyphs[start + column] as string;
    if (next.styles[start + column] !== style || !isSteady(glyph)) return undefined;
    text += glyph;
  }
  return text;
}

function sameCursor(a: Frame, b: Frame): boolean {
  return a.cursor?.row === b.cursor?.row && a.cursor?.column === b.cursor?.column;
}

function moveTo(row: number, column: number): string {
  return `${CSI}${row + 1};${column + 1}H`;
}

/**
 * SGR parameters (ECMA-48 §8.3.117) of the sixteen 3270 colours in the order of their values F0 … FF, as foreground;
 * ten more is the background. Bright ones are those of aixterm.
 */
const COLORS_16 = [30, 94, 91, 95, 32, 36, 93, 97, 30, 34, 33, 35, 92, 96, 37, 97] as const;

/** Entries of xterm's colour cube and grey ramp, which no user's theme changes. */
const COLORS_256 = [16, 69, 203, 213, 77, 80, 227, 231, 16, 27, 208, 141, 157, 159, 246, 231] as const;

function selectStyle(style: Style, palette: Palette): string {
  const parameters = ['0'];
  if ((style & BOLD) !== PLAIN) parameters.push('1');
  if ((style & UNDERSCORE) !== PLAIN) parameters.push('4');
  if ((style & BLINK) !== PLAIN) parameters.push('5');
  if ((style & REVERSE) !== PLAIN) parameters.push('7');
  const foreground = foregroundIndex(style);
  const background = backgroundIndex(style);
  if (palette === '256') {
    if (foreground >= 0) parameters.push(`38;5;${COLORS_256[foreground]}`);
    if (background >= 0) parameters.push(`48;5;${COLORS_256[background]}`);
  } else if (palette === '16') {
    if (foreground >= 0) parameters.push(String(COLORS_16[foreground]));
    if (background >= 0) parameters.push(String((COLORS_16[background] as number) + 10));
  }
  return `${CSI}${parameters.join(';')}m`;
}
