import { deflateRawSync, inflateRawSync } from 'node:zlib';

const WORD_BYTES = 4;

/** 32-bit words as base64 of their little-endian bytes, deflated (RFC 1951). */
export function packWords(words: Int32Array | Uint32Array): string {
  const bytes = Buffer.alloc(words.length * WORD_BYTES);
  words.forEach((word, index) => bytes.writeInt32LE(word | 0, index * WORD_BYTES));
  return deflateRawSync(bytes).toString('base64');
}

/** The words that `packWords` packed, or undefined unless they are exactly `count`. Never inflates to more than that. */
export function unpackWords(packed: string, count: number): Int32Array | undefined {
  const bytes = inflate(Buffer.from(packed, 'base64'), count * WORD_BYTES);
  if (bytes?.length !== count * WORD_BYTES) return undefined;
  return Int32Array.from({ length: count }, (_, index) => bytes.readInt32LE(index * WORD_BYTES));
}

function inflate(bytes: Uint8Array, maxOutputLength: number): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength });
  } catch {
    return undefined;
  }
}
