/** Stands for what a terminal cannot be trusted to draw. */
export const UNDRAWABLE = '□';

/** What takes one cell or two of a terminal: letters, digits, punctuation, symbols. */
const DRAWABLE = /^[\p{L}\p{N}\p{P}\p{S}\p{Mc}]$/u;
const COMBINING = /^[\p{Mn}\p{Me}]$/u;
const BLANK = /^\p{Zs}$/u;
const EMOJI = /^\p{Emoji_Presentation}$/u;

const SOFT_HYPHEN = 0xad;

/** First and last of what Unicode Standard Annex #11 calls wide or fullwidth, but for emoji. */
const WIDE_RANGES = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
] as const;

/** Up to here every terminal draws a letter or sign in one cell; beyond, fonts and settings differ. */
const LAST_STEADY = 0x24f;

/**
 * What to send to a terminal for a character, never anything that steers it: a blank for NUL and spaces, UNDRAWABLE for
 * controls and the like, a combining mark over a blank.
 */
export function glyphOf(codePoint: number): string {
  if (codePoint > 0x20 && codePoint < 0x7f) return String.fromCharCode(codePoint);
  if (codePoint === 0) return ' ';
  // A display station shows it where it stands; a terminal would take it for a place to break.
  if (codePoint === SOFT_HYPHEN) return '-';
  const character = String.fromCodePoint(codePoint);
  if (DRAWABLE.test(character)) return character;
  if (BLANK.test(character)) return ' ';
  return COMBINING.test(character) ? ` ${character}` : UNDRAWABLE;
}

/** Whether a terminal takes two cells for the glyph. */
export function isWideGlyph(glyph: string): boolean {
  const codePoint = glyph.codePointAt(0) ?? 0;
  if (codePoint < 0x1100) return false;
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last) || EMOJI.test(glyph);
}

/** Whether the terminal's cursor is known to stand one cell further after the glyph. */
export function isSteady(glyph: string): boolean {
  return glyph.length === 1 && glyph.charCodeAt(0) <= LAST_STEADY;
}
