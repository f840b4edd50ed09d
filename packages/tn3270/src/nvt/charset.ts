/** Graphic sets that a host may designate, by the final byte of the designation (DEC STD 070; SCS of the VT100). */
export const GRAPHIC_SET = { LineDrawing: 0x30, UnitedKingdom: 0x41, Ascii: 0x42 } as const;

export type GraphicSet = (typeof GRAPHIC_SET)[keyof typeof GRAPHIC_SET];

/** First code of the line-drawing set; the set ends at 7E. */
const LINE_DRAWING_FIRST = 0x5f;

/** DEC Special Graphics, 5F … 7E. */
const LINE_DRAWING = Array.from(' ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·', (glyph) => glyph.codePointAt(0) as number);

const POUND_SIGN = 0xa3;
const NUMBER_SIGN = 0x23;

/** The set that a designation names by its final byte, or undefined. */
export function graphicSet(final: number): GraphicSet | undefined {
  return Object.values(GRAPHIC_SET).find((set) => set === final);
}

/** What `codePoint` means in a graphic set; characters outside of the set stand for themselves. */
export function translate(set: GraphicSet, codePoint: number): number {
  if (set === GRAPHIC_SET.LineDrawing) return LINE_DRAWING[codePoint - LINE_DRAWING_FIRST] ?? codePoint;
  return set === GRAPHIC_SET.UnitedKingdom && codePoint === NUMBER_SIGN ? POUND_SIGN : codePoint;
}
