import type { Model } from '../terminal/model.ts';

/**
 * The name a display gives to hosts. An oversize is told by the query reply alone, so it goes by IBM-DYNAMIC.
 * `color` asks for the 3279 name: hosts know 3279 for models 2 and 3 only, and TN3270E has 3278 names throughout.
 * RFC 1576, RFC 2355 §7.1.
 */
export function deviceTypeName(model: Model, color: boolean): string {
  if (model.dynamic || model.oversize) return 'IBM-DYNAMIC';
  return `IBM-327${color ? 9 : 8}-${model.number}${model.extended ? '-E' : ''}`;
}

/** The name in TERMINAL-TYPE IS; `always3279` keeps the 3279 name on models 4 and 5 too. RFC 1091. */
export function terminalTypeName(model: Model, always3279: boolean): string {
  return deviceTypeName(model, model.color && (always3279 || model.number < 4));
}

const UTF8 = new TextEncoder();
const QUESTION_MARK = 0x3f;

/** Bytes of a name in a protocol that is seven-bit ASCII: whatever is not printable becomes `?`, byte by byte of UTF-8. */
export function toAscii(name: string): Uint8Array {
  return UTF8.encode(name).map((byte) => (byte < 0x20 || byte >= 0x7f ? QUESTION_MARK : byte));
}
