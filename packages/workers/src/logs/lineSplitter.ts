/** Longest line in one piece: 1 MiB. */
export const MAX_LINE_BYTES = 1_048_576;
const LINE_END = 0x0a;

export interface SplitLine {
  /** Of its first byte, in the stream. */
  readonly position: number;
  /** Without the line end; its own copy. */
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** Lines out of chunks; however the bytes are cut into chunks, the lines are the same. Holds one line at most. */
export class LineSplitter {
  #position: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** `position`: of the first byte that comes. */
  constructor(position: number) {
    this.#position = position;
  }

  /** Takes the next bytes, borrowed, and gives the lines that they end. */
  push(chunk: Uint8Array): SplitLine[] {
    const lines: SplitLine[] = [];
    let at = 0;
    while (at < chunk.byteLength) {
      const lineEnd = chunk.indexOf(LINE_END, at);
      const end = lineEnd === -1 ? chunk.byteLength : lineEnd;
      while (this.#length + end - at > MAX_LINE_BYTES) {
        const cut = at + MAX_LINE_BYTES - this.#length;
        this.#hold(chunk.subarray(at, cut));
        lines.push(this.#take(true));
        at = cut;
      }
      this.#hold(chunk.subarray(at, end));
      if (lineEnd === -1) break;
      lines.push(this.#take(false));
      // The line end itself.
      this.#position += 1;
      at = lineEnd + 1;
    }
    return lines;
  }

  /** The line that has not ended, where there is one. */
  flush(): SplitLine | undefined {
    return this.#length === 0 ? undefined : this.#take(false);
  }

  #hold(part: Uint8Array): void {
    if (part.byteLength === 0) return;
    // `slice` of a Buffer is no copy.
    this.#parts.push(Buffer.from(part));
    this.#length += part.byteLength;
  }

  #take(isCut: boolean): SplitLine {
    const [only] = this.#parts;
    const bytes = only !== undefined && this.#parts.length === 1 ? only : Buffer.concat(this.#parts, this.#length);
    const line = { position: this.#position, bytes, isCut };
    this.#position += this.#length;
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
