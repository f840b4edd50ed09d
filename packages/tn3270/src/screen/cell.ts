/**
 * One buffer position in 32 bits. A negative value is a field attribute position, so `cell < 0` is the field test.
 *
 * ```
 *  31    30     29 28    27 … 24    23 … 16     15 … 8      7 … 0
 * field  input  charset  highlight  background  foreground  EBCDIC code, or the attribute byte (C0 | bits)
 *        ctrl
 * ```
 *
 * Foreground and background hold the attribute value as the host sent it (00 default, F0 … FF). On a field attribute
 * position the extended attributes are those of the field.
 */
export type Cell = number;

/** Bits 0-7: EBCDIC code point, or the field attribute byte. */
export const CHAR_MASK = 0xff;
/** Bits 8-15: foreground colour attribute value. */
export const FOREGROUND_SHIFT = 8;
/** Bits 16-23: background colour attribute value. */
export const BACKGROUND_SHIFT = 16;
/** Bits 24-27: highlighting, the low four bits of the attribute value (1 blink, 2 reverse, 4 underscore, 8 intensify). */
export const HIGHLIGHT_SHIFT = 24;
export const HIGHLIGHT_MASK = 0x0f;
/** Bits 28-29: character set, one of CELL_CHARSET. */
export const CHARSET_SHIFT = 28;
export const CHARSET_MASK = 0x03;
/** Bit 30: input control enabled; on an NVT character, that the text runs on in the next row. */
export const INPUT_CONTROL = 0x4000_0000;
/** Bit 31: a field attribute stands here. */
export const FIELD = 0x8000_0000 | 0;
/** Everything but the character: what SA sets and text takes along. */
export const ATTRIBUTES_MASK = 0x7fff_ff00;

/** Where a cell's glyph comes from. `Escape` is a single character brought by the GE order (code page 310). */
export const CELL_CHARSET = { Base: 0, Apl: 1, Dbcs: 2, Escape: 3 } as const;

export const charOf = (cell: Cell): number => cell & CHAR_MASK;
export const foregroundOf = (cell: Cell): number => (cell >>> FOREGROUND_SHIFT) & 0xff;
export const backgroundOf = (cell: Cell): number => (cell >>> BACKGROUND_SHIFT) & 0xff;
export const highlightOf = (cell: Cell): number => (cell >>> HIGHLIGHT_SHIFT) & HIGHLIGHT_MASK;
export const charsetOf = (cell: Cell): number => (cell >>> CHARSET_SHIFT) & CHARSET_MASK;
export const hasInputControl = (cell: Cell): boolean => (cell & INPUT_CONTROL) !== 0;
export const isField = (cell: Cell): boolean => cell < 0;
