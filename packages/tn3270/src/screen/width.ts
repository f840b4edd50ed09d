/**
 * Whether an NVT character takes two cells: itself and a space to its right. The range is the reference's, CJK radicals
 * to unified ideographs; what lies outside it (Hangul, fullwidth forms) takes one cell there and here.
 */
export function isWide(codePoint: number): boolean {
  return codePoint >= 0x2e80 && codePoint <= 0x9fff;
}
