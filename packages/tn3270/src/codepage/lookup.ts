/** Where the rows of a table text begin: EBCDIC has its graphics from 40 on. */
const FIRST_ROW = 0x40;

/** Both directions of one character set, in constant time. */
export interface GraphicLookup {
  /** Code point of a byte (00 … FF); 0 where the set has no graphic. */
  toUnicode(code: number): number;
  /** Byte of a code point, or −1. */
  fromUnicode(codePoint: number): number;
}

/**
 * @param graphics code points in hexadecimal from 40 on, parted by white space; `----` where there is no graphic
 * @param decodeOnly codes that are read but never sent, because another code stands for the same character
 */
export function graphicLookup(graphics: string, decodeOnly: readonly number[]): GraphicLookup {
  const byCode = new Uint16Array(256);
  const byCodePoint = new Map<number, number>();
  for (const [index, cell] of graphics.trim().split(/\s+/).entries()) {
    if (cell === '----') continue;
    const code = FIRST_ROW + index;
    const codePoint = Number.parseInt(cell, 16);
    byCode[code] = codePoint;
    if (!decodeOnly.includes(code)) byCodePoint.set(codePoint, code);
  }
  return {
    toUnicode: (code) => byCode[code] as number,
    fromUnicode: (codePoint) => byCodePoint.get(codePoint) ?? -1,
  };
}
