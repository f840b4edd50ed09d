import { COLOR, HIGHLIGHTING } from '../datastream/attribute.ts';
import { BACKGROUND_SHIFT, type Cell, FOREGROUND_SHIFT, HIGHLIGHT_MASK, HIGHLIGHT_SHIFT } from '../screen/cell.ts';

/** The eight colours of ECMA-48 in its order, as 3270 colours. The reference emulator pairs them so. */
const COLORS = [
  COLOR.NeutralBlack,
  COLOR.Red,
  COLOR.Green,
  COLOR.Yellow,
  COLOR.Blue,
  COLOR.Pink,
  COLOR.Turquoise,
  COLOR.NeutralWhite,
] as const;

const highlight = (value: number): Cell => (value & HIGHLIGHT_MASK) << HIGHLIGHT_SHIFT;

const INTENSIFY = highlight(HIGHLIGHTING.Intensify);
const UNDERSCORE = highlight(HIGHLIGHTING.Underscore);
const BLINK = highlight(HIGHLIGHTING.Blink);
const REVERSE = highlight(HIGHLIGHTING.Reverse);

/** Highlighting that a value of SGR sets or clears. */
const SETS: Readonly<Record<number, Cell>> = { 1: INTENSIFY, 4: UNDERSCORE, 5: BLINK, 7: REVERSE };
const CLEARS: Readonly<Record<number, Cell>> = { 22: INTENSIFY, 24: UNDERSCORE, 25: BLINK, 27: REVERSE };

/** Foreground and background of a cell, without highlighting. */
export const COLORS_MASK = (0xff << FOREGROUND_SHIFT) | (0xff << BACKGROUND_SHIFT);

/** Parameters that follow 38 or 48, by the kind of colour: 5 an index of 256, 2 red, green and blue. */
const COLOR_OPERANDS: Readonly<Record<number, number>> = { 5: 2, 2: 4 };

function withColor(attributes: Cell, shift: number, color: number): Cell {
  return (attributes & ~(0xff << shift)) | (color << shift);
}

/**
 * Cell attributes after SGR (ECMA-48 §8.3.117). The bright colours 90-97 and 100-107 are those of 30-37 and 40-47.
 * Of the 256 colours (xterm) the first sixteen are known; the others, and direct colours, leave the colour as it is.
 */
export function selectRendition(attributes: Cell, parameters: Uint16Array, count: number): Cell {
  let result = attributes;
  for (let index = 0; index < count; index++) {
    const value = parameters[index] as number;
    const tens = Math.floor(value / 10);
    const digit = value % 10;
    if (value === 0) result = 0;
    else if (SETS[value] !== undefined) result |= SETS[value];
    else if (CLEARS[value] !== undefined) result &= ~CLEARS[value];
    else if (tens === 3 || tens === 9 || tens === 4 || tens === 10) {
      const shift = tens === 3 || tens === 9 ? FOREGROUND_SHIFT : BACKGROUND_SHIFT;
      const bright = tens >= 9;
      if (digit < 8) result = withColor(result, shift, COLORS[digit] as number);
      else if (digit === 9 && !bright) result = withColor(result, shift, COLOR.Default);
      else if (digit === 8 && !bright) {
        const kind = index + 1 < count ? (parameters[index + 1] as number) : 0;
        if (kind === 5 && index + 2 < count) {
          const color = parameters[index + 2] as number;
          if (color < 16) result = withColor(result, shift, COLORS[color % 8] as number);
        }
        index += COLOR_OPERANDS[kind] ?? 0;
      }
    }
  }
  return result;
}
