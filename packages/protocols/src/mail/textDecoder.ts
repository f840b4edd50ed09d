const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

type Place = 'lineStart' | 'dot' | 'dotCr' | 'text' | 'cr';

export interface DecodedText {
  /** A new buffer; the dots that were put in are gone. */
  readonly text: Uint8Array;
  /** How many bytes of the chunk belong to the text and its end. */
  readonly consumed: number;
}

/**
 * Takes the text of a message from the wire, in pieces cut anywhere. It ends with CRLF, a dot and CRLF, and with nothing
 * else: whoever lets a bare CR or LF pass for the end of a line takes a part of one message for commands (RFC 5321
 * §4.1.1.4, CVE-2023-51764).
 */
export class WireTextDecoder {
  #place: Place = 'lineStart';
  #isOver = false;

  /** Whether the end has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(chunk: Uint8Array): DecodedText {
    // What was held back before this piece is a carriage return at most.
    const text = Buffer.allocUnsafe(chunk.byteLength + 1);
    let to = 0;
    let consumed = 0;
    while (consumed < chunk.byteLength && !this.#isOver) {
      const byte = chunk[consumed++] as number;
      if (this.#place === 'dotCr') {
        if (byte === LF) {
          this.#isOver = true;
          break;
        }
        text[to++] = CR;
        this.#place = 'cr';
      }
      if (this.#place === 'lineStart' && byte === DOT) this.#place = 'dot';
      else if (this.#place === 'dot' && byte === CR) this.#place = 'dotCr';
      else {
        text[to++] = byte;
        this.#place = this.#after(byte);
      }
    }
    return { text: text.subarray(0, to), consumed };
  }

  #after(byte: number): Place {
    if (byte === CR) return 'cr';
    return byte === LF && this.#place === 'cr' ? 'lineStart' : 'text';
  }
}

/** What is wrong with the lines of a text. */
export type LineFault = 'bareCr' | 'bareLf' | 'longLine';

/** Looks at the lines of a text, in pieces cut anywhere: each ends with CRLF and is no longer than allowed. */
export class LineCheck {
  readonly #maxBytes: number;
  #length = 0;
  #hasCr = false;

  /** `maxBytes` of a line, with its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The first fault of this piece; whoever got one asks no more. */
  push(chunk: Uint8Array): LineFault | undefined {
    for (const byte of chunk) {
      this.#length++;
      if (byte === LF) {
        if (!this.#hasCr) return 'bareLf';
        if (this.#length > this.#maxBytes) return 'longLine';
        this.#length = 0;
        this.#hasCr = false;
        continue;
      }
      if (this.#hasCr) return 'bareCr';
      this.#hasCr = byte === CR;
      if (this.#length > this.#maxBytes) return 'longLine';
    }
    return undefined;
  }

  /** What is wrong at the end of the text. */
  end(): LineFault | undefined {
    return this.#hasCr ? 'bareCr' : undefined;
  }
}
