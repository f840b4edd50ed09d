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
  if (row < 0 || row >= frame.rows) return;
  const end = Math.min(column + columns, frame.columns);
  let at = column;
  for (const character of text) {
    if (at >= end) return;
    const glyph = glyphOf(character.codePointAt(0) as number);
    const index = row * frame.columns + at++;
    frame.glyphs[index] = isWideGlyph(glyph) ? UNDRAWABLE : glyph;
    frame.styles[index] = style;
  }
}
