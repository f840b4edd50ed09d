import { TELNET } from './code.ts';

/**
 * Collects runs of user data into the record that IAC EOR ends. A record that arrived in one run is handed on in
 * place; one cut into several is joined in a buffer that grows up to `maxBytes`.
 */
export class RecordAssembler {
  readonly #maxBytes: number;
  #run: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = 0;
  #joined: Uint8Array = new Uint8Array(0);
  #length = 0;
  #framed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the record so far. */
  get length(): number {
    return this.#run === undefined ? this.#length : this.#runEnd - this.#runStart;
  }

  /** Adds a borrowed run; false when the record would exceed its limit (the run is then not added). */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.length + (end - start) > this.#maxBytes) return false;
    if (this.#run === undefined && this.#length === 0) {
      this.#run = bytes;
      this.#runStart = start;
      this.#runEnd = end;
      return true;
    }
    this.settle();
    this.#join(bytes, start, end);
    return true;
  }

  /** Copies a run that is still borrowed; to be called before the chunk it lies in is given back. */
  settle(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    this.#join(run, this.#runStart, this.#runEnd);
  }

  /** The record, borrowed until the next `append`; the assembler is empty afterwards. */
  take(): Uint8Array {
    const run = this.#run;
    const length = this.#length;
    this.#run = undefined;
    this.#length = 0;
    this.#framed = false;
    if (run === undefined) return this.#joined.subarray(0, length);
    const end = this.#runEnd;
    this.#framed = run[end] === TELNET.IAC && run[end + 1] === TELNET.EOR;
    return run.subarray(this.#runStart, end);
  }

  /**
   * Whether the record last taken lies as it came over the line: without any IAC of its own, and the two bytes behind
   * it in its memory are IAC EOR.
   */
  get framed(): boolean {
    return this.#framed;
  }

  clear(): void {
    this.#run = undefined;
    this.#length = 0;
  }

  #join(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + (end - start);
    if (length > this.#joined.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(256, length, this.#joined.length * 2)));
      larger.set(this.#joined.subarray(0, this.#length));
      this.#joined = larger;
    }
    this.#joined.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }
}
