const SMALLEST_BYTES = 8 * 1024;
/** Larger ones are made for the occasion and not kept. */
const LARGEST_BYTES = 256 * 1024;
/** Most bytes of one size that wait to be used again. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;

/** Memory in which bytes wait to be sent. */
export interface SendBuffer {
  readonly memory: Uint8Array;
  /** Stretches given away that are not sent yet. */
  uses: number;
}

/**
 * Memory of sent bytes, for all connections of a thread, used again: fresh memory for each write costs more in page
 * faults and collection than the copy into it.
 */
export class SendBuffers {
  readonly #free = new Map<number, SendBuffer[]>();

  /** A buffer of at least `bytes`; what it holds is arbitrary. */
  take(bytes: number): SendBuffer {
    let size = SMALLEST_BYTES;
    while (size < bytes) size *= 2;
    return this.#free.get(size)?.pop() ?? { memory: Buffer.allocUnsafeSlow(size), uses: 0 };
  }

  /** Takes back a buffer that nobody uses any more. */
  give(buffer: SendBuffer): void {
    const size = buffer.memory.length;
    if (size > LARGEST_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else if ((free.length + 1) * size <= MAX_FREE_BYTES) free.push(buffer);
  }
}
