/** More bytes are needed. */
export const INCOMPLETE = -1;
/** What was begun is malformed: it is U+FFFD, and the byte is to be taken anew. */
export const REJECTED = -2;
export const REPLACEMENT_CHARACTER = 0xfffd;

const MAX_CODE_POINT = 0x10_ffff;

/** Least value that needs as many bytes as the index says; a smaller one is overlong. RFC 2279 §2. */
const LEAST = [0, 0, 0x01, 0x800, 0x1_0000, 0x20_0000, 0x400_0000] as const;

/**
 * Incremental UTF-8 decoder. It takes as many bytes as the first one announces and judges them when they are there, as
 * the reference does: a malformed sequence is one U+FFFD whatever it holds, but for its last byte, which begins anew.
 * Hosts that send EBCDIC on a plain telnet connection put the cursor where the reference has it only that way. Forms of
 * five and six bytes are consumed, and are U+FFFD like surrogates and all above U+10FFFF.
 */
export class Utf8Decoder {
  #codePoint = 0;
  #length = 0;
  #missing = 0;
  #malformed = false;

  /** Whether a character has been begun. */
  get pending(): boolean {
    return this.#missing > 0;
  }

  /** Takes a byte; returns a code point, INCOMPLETE or REJECTED. */
  push(byte: number): number {
    if (this.#missing > 0) return this.#continue(byte);
    if (byte < 0x80) return byte;
    // Each one bit after the first of the lead byte announces a byte.
    const ones = Math.clz32(~(byte << 24));
    if (ones < 2 || ones > 6) return REPLACEMENT_CHARACTER;
    this.#length = ones;
    this.#missing = ones - 1;
    this.#codePoint = byte & (0x7f >> ones);
    this.#malformed = false;
    return INCOMPLETE;
  }

  /** Forgets a character begun. */
  reset(): void {
    this.#missing = 0;
  }

  #continue(byte: number): number {
    if ((byte & 0xc0) !== 0x80) this.#malformed = true;
    this.#codePoint = this.#codePoint * 64 + (byte & 0x3f);
    this.#missing--;
    if (this.#missing > 0) return INCOMPLETE;
    if (this.#malformed || this.#codePoint < (LEAST[this.#length] as number)) return REJECTED;
    const isSurrogate = this.#codePoint >= 0xd800 && this.#codePoint <= 0xdfff;
    return isSurrogate || this.#codePoint > MAX_CODE_POINT ? REPLACEMENT_CHARACTER : this.#codePoint;
  }
}
