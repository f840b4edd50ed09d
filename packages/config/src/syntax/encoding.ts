import type { ConfigCode } from '../errors.ts';

export type Decoded =
  | { readonly text: string }
  | {
      readonly code: ConfigCode;
      readonly details: Readonly<Record<string, unknown>>;
      readonly offset: number;
      readonly text: string;
    };

/** Bytes of a file as text. A byte order mark of UTF-8 is dropped, other encodings are named and refused. */
export function decode(bytes: Uint8Array): Decoded {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return wrong('it begins with the byte order mark of UTF-16');
  if (first === 0xfe && second === 0xff) return wrong('it begins with the byte order mark of UTF-16');
  if (first !== 0 && second === 0 && bytes.length >= 4 && bytes[3] === 0) return wrong('it looks like UTF-16');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // What was read so far shows where the wrong byte stands.
    const lenient = new TextDecoder('utf-8').decode(bytes);
    const offset = Math.max(0, lenient.indexOf('\uFFFD'));
    return { ...wrong('a byte sequence is not valid'), offset, text: lenient };
  }
  const nul = text.indexOf('\0');
  return nul === -1 ? { text } : { code: 'CONFIG_NUL', details: {}, offset: nul, text };
}

function wrong(reason: string): { code: ConfigCode; details: Record<string, unknown>; offset: number; text: string } {
  return { code: 'CONFIG_ENCODING', details: { reason }, offset: 0, text: '' };
}
