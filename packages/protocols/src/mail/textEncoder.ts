const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const EIGHTH_BIT = 0x80;

export interface TextEncoderOptions {
  /** A line that begins with a dot gets another one, and the text ends with a line of a dot alone. */
  readonly hasDots: boolean;
}

/**
 * Puts the text of a message on the wire, in pieces cut anywhere: every line ends with CRLF, since a bare CR or LF is an
 * end of line to some readers and none to others (RFC 5321 §2.3.8), and dots are made transparent (§4.5.2).
 */
export class WireTextEncoder {
  readonly #hasDots: boolean;
  #isLineStart = true;
  #hasCr = false;
  #hasEighthBit = false;

  constructor({ hasDots }: TextEncoderOptions) {
    this.#hasDots = hasDots;
  }

  /** Whether a byte outside of US-ASCII has gone through. */
  get hasEighthBit(): boolean {
    return this.#hasEighthBit;
  }

  /** The next piece as it goes on the wire; a new buffer. */
  push(chunk: Uint8Array): Uint8Array {
    // Each byte becomes two at most, and a carriage return may be left from before.
    const out = Buffer.allocUnsafe(chunk.byteLength * 2 + 2);
    let to = 0;
    for (const byte of chunk) {
      if (this.#hasCr) {
        to = this.#endLine(out, to);
        if (byte === LF) continue;
      }
      if (byte === CR) this.#hasCr = true;
      else if (byte === LF) to = this.#endLine(out, to);
      else {
        if (this.#isLineStart && byte === DOT && this.#hasDots) out[to++] = DOT;
        if (byte >= EIGHTH_BIT) this.#hasEighthBit = true;
        out[to++] = byte;
        this.#isLineStart = false;
      }
    }
    return out.subarray(0, to);
  }

  /** What remains: the end of the last line, and that of the text. */
  end(): Uint8Array {
    const rest = this.#hasCr || !this.#isLineStart ? '\r\n' : '';
    return Buffer.from(this.#hasDots ? `${rest}.\r\n` : rest);
  }

  #endLine(out: Uint8Array, to: number): number {
    out[to] = CR;
    out[to + 1] = LF;
    this.#hasCr = false;
    this.#isLineStart = true;
    return to + 2;
  }
}
