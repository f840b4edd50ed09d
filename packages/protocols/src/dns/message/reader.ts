import { dnsError } from '../errors.ts';
import { MAX_NAME_BYTES, ROOT, type WireName } from './name.ts';

/** Reads a message from front to back. Whatever is not there, or not as it should be, is DNS_MESSAGE_INVALID. */
export class WireReader {
  readonly bytes: Buffer;
  offset = 0;
  readonly #mayPoint: boolean;

  /** The bytes are borrowed as long as it is used. `mayPoint` says whether names may be compressed. */
  constructor(bytes: Uint8Array, mayPoint = true) {
    this.#mayPoint = mayPoint;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  u8(): number {
    return this.bytes[this.#pass(1)] as number;
  }

  u16(): number {
    const at = this.#pass(2);
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.#pass(4));
  }

  /** A copy. */
  take(count: number): Uint8Array {
    const at = this.#pass(count);
    return new Uint8Array(this.bytes.subarray(at, at + count));
  }

  /**
   * A name, its compression undone (RFC 1035 §4.1.4). A pointer leads before the place where the part that it ends
   * began, so that every name comes to an end.
   */
  name(): WireName {
    const { bytes } = this;
    let name = '';
    let at = this.offset;
    let partFrom = at;
    let isPastPointer = false;
    for (;;) {
      const length = bytes[at];
      if (length === undefined) throw this.invalid('a name goes beyond the end', at);
      if (length === 0) break;
      if (length <= 63) {
        const end = at + 1 + length;
        if (end > bytes.length) throw this.invalid('a label goes beyond the end', at);
        name += bytes.toString('latin1', at, end);
        if (name.length >= MAX_NAME_BYTES) throw this.invalid(`a name has more than ${MAX_NAME_BYTES} bytes`, at);
        at = end;
        continue;
      }
      if (length < 0xc0) throw this.invalid('a label of a kind that does not exist', at);
      if (!this.#mayPoint) throw this.invalid('a pointer stands where names are whole', at);
      const low = bytes[at + 1];
      if (low === undefined) throw this.invalid('a pointer goes beyond the end', at);
      const target = ((length & 0x3f) << 8) | low;
      if (target >= partFrom) throw this.invalid('a pointer does not lead backwards', at);
      if (!isPastPointer) this.offset = at + 2;
      isPastPointer = true;
      at = target;
      partFrom = target;
    }
    if (!isPastPointer) this.offset = at + 1;
    return (name + ROOT) as WireName;
  }

  invalid(reason: string, offset = this.offset): Error {
    return dnsError('DNS_MESSAGE_INVALID', { details: { reason, offset } });
  }

  #pass(count: number): number {
    const at = this.offset;
    if (at + count > this.bytes.length) throw this.invalid('it ends too early', at);
    this.offset = at + count;
    return at;
  }
}
