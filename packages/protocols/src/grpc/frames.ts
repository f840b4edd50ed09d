/** A flag and a length before each message: gRPC over HTTP/2, "Length-Prefixed-Message". */
export const FRAME_HEADER_BYTES = 5;
/** What is held for a message of which little has come yet, bytes. */
const FIRST_BYTES = 65_536;

/** Puts the parts of a stream together to whole frames, header included. A frame is held once, whatever the chunking. */
export class FrameJoiner {
  readonly #maxBytes: number;
  readonly #tooLarge: (bytes: number) => Error;
  #held = Buffer.alloc(0);
  #length = 0;

  /** `tooLarge` makes what is thrown for a message of more than `maxBytes`, before any of it is held. */
  constructor(maxBytes: number, tooLarge: (bytes: number) => Error) {
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /** Bytes of a frame that is not complete. */
  get waiting(): number {
    return this.#length;
  }

  /** The frames that are complete with this part. */
  *push(part: Uint8Array): Generator<Uint8Array> {
    let rest = part;
    while (rest.length > 0) {
      if (this.#length === 0) {
        const whole = this.#frameBytes(rest);
        if (whole !== undefined && whole <= rest.length) {
          yield rest.subarray(0, whole);
          rest = rest.subarray(whole);
          continue;
        }
      }
      rest = this.#hold(rest);
      const whole = this.#frameBytes(this.#held.subarray(0, this.#length));
      if (whole !== this.#length) continue;
      const frame = this.#held.subarray(0, whole);
      this.#held = Buffer.alloc(0);
      this.#length = 0;
      yield frame;
    }
  }

  /** Bytes of the frame that begins here; undefined when its header is not complete. */
  #frameBytes(begun: Uint8Array): number | undefined {
    if (begun.length < FRAME_HEADER_BYTES) return undefined;
    const bytes = Buffer.from(begun.buffer, begun.byteOffset, begun.byteLength).readUInt32BE(1);
    if (bytes > this.#maxBytes) throw this.#tooLarge(bytes);
    return FRAME_HEADER_BYTES + bytes;
  }

  /** Takes what belongs to the frame that is held, or to its header; returns what does not. */
  #hold(part: Uint8Array): Uint8Array {
    const whole = this.#frameBytes(this.#held.subarray(0, this.#length)) ?? FRAME_HEADER_BYTES;
    const taken = part.subarray(0, whole - this.#length);
    const needed = this.#length + taken.length;
    if (needed > this.#held.length) {
      const room = Math.min(whole, Math.max(needed, this.#held.length * 2, FIRST_BYTES));
      const larger = Buffer.alloc(room);
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(taken, this.#length);
    this.#length = needed;
    return part.subarray(taken.length);
  }
}
