/**
 * How a cell of the user's terminal looks, in 14 bits:
 *
 * ```
 *  13      12     11          10    9 … 5       4 … 0
 * reverse  blink  underscore  bold  background  foreground
 * ```
 *
 * A colour is one more than the low four bits of the 3270 colour value (F0 … FF); 0 is the terminal's own.
 */
export type Style = number;

const COLOR_MASK = 0x1f;
const BACKGROUND_SHIFT = 5;

/** Everything as the terminal has it. */
export const PLAIN: Style = 0;
export const BOLD: Style = 0x0400;
export const UNDERSCORE: Style = 0x0800;
export const BLINK: Style = 0x1000;
export const REVERSE: Style = 0x2000;

/** A style with colours given as 3270 colour values. */
export function inColor(foreground: number, background: number): Style {
  return ((foreground & 0x0f) + 1) | (((background & 0x0f) + 1) << BACKGROUND_SHIFT);
}

/** A style with a foreground alone; the background is the terminal's own. */
export function inForeground(color: number): Style {
  return (color & 0x0f) + 1;
}

/** Low four bits of the 3270 colour, or −1 for the terminal's own. */
export const foregroundIndex = (style: Style): number => (style & COLOR_MASK) - 1;
export const backgroundIndex = (style: Style): number => ((style >>> BACKGROUND_SHIFT) & COLOR_MASK) - 1;
