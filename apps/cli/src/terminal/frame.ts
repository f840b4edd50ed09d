import type { ScreenSize } from '@roundhouse/tn3270';
import { glyphOf, isWideGlyph, UNDRAWABLE } from './glyph.ts';
import type { Style } from './style.ts';

/** A place in a frame or a screen; both count from 0. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/** What the whole window shows at one moment. */
export interface Frame extends ScreenSize {
  /** One a cell; a wide glyph is followed by an empty one, its right half. */
  readonly glyphs: string[];
  readonly styles: Uint16Array;
  /** Null hides the cursor. */
  cursor: Position | null;
}

/** A blank frame. */
export function createFrame({ rows, columns }: ScreenSize, style: Style): Frame {
  const size = rows * columns;
  return {
    rows,
    columns,
    glyphs: new Array<string>(size).fill(' '),
    styles: new Uint16Array(size).fill(style),
    cursor: null,
  };
}

/** Writes one line of text at a place, cut off at `columns` cells and at the edge. */
export function putText(
  frame: Frame,
  { row, column }: Position,
  text: string,
  style: Style,
  columns = Number.POSITIVE_INFINITY,
): void {
  if (row < 0 || row >= frame.rows || column >= frame.columns) return;
  const start = row * frame.columns + column;
  const end = start + Math.min(columns, frame.columns - column);
  let at = start;
  for (const character of text) {
    if (at >= end) break;
    const glyph = glyphOf(character.codePointAt(0) as number);
    // Half of a wide glyph cannot stay.
    if (at === start && frame.glyphs[at] === '') frame.glyphs[at - 1] = ' ';
    frame.glyphs[at] = isWideGlyph(glyph) ? UNDRAWABLE : glyph;
    frame.styles[at] = style;
    at++;
  }
  if (frame.glyphs[at] === '') frame.glyphs[at] = ' ';
}
