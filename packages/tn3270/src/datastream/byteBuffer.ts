import { type BufferAddress, encodeAddress } from './address.ts';

/** A growing run of bytes, reused from record to record: what it hands out is borrowed until the next `reset`. */
export class ByteBuffer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  put(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  putAll(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Big-endian. */
  put16(value: number): void {
    this.put((value >> 8) & 0xff);
    this.put(value & 0xff);
  }

  /** Big-endian. */
  put32(value: number): void {
    this.put16(value >>> 16);
    this.put16(value & 0xffff);
  }

  putAddress(address: BufferAddress, cells: number): void {
    if (this.#length + 2 > this.#bytes.length) this.#grow(2);
    encodeAddress(this.#bytes, this.#length, address, cells);
    this.#length += 2;
  }

  /** Overwrites a byte that was put before. */
  patch(offset: number, byte: number): void {
    this.#bytes[offset] = byte;
  }

  /** Borrowed until the next `reset`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + needed));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
