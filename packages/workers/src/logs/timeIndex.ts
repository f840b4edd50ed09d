/*
 * The index of a segment, little endian: a header of 16 bytes (`RHLI`, version as a 32-bit number, offset in the stream
 * of the segment's first byte as a double), then records of 16 bytes: offset in the segment and wall clock in ms, both
 * doubles. A record says: from this byte on, read at this time. It is written before the bytes it is about.
 */

export const INDEX_HEADER_BYTES = 16;
export const INDEX_RECORD_BYTES = 16;
const MAGIC = 0x494c4852;
const VERSION = 1;

export interface IndexRecord {
  /** Of the segment's bytes. */
  readonly offset: number;
  /** Wall clock, ms. */
  readonly at: number;
}

export function encodeIndexHeader(from: number): Buffer {
  const bytes = Buffer.alloc(INDEX_HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(VERSION, 4);
  bytes.writeDoubleLE(from, 8);
  return bytes;
}

/** The offset in the stream at which the segment begins; undefined when this is no index. */
export function decodeIndexHeader(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < INDEX_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) return undefined;
  const from = view.getFloat64(8, true);
  return Number.isSafeInteger(from) && from >= 0 ? from : undefined;
}

export function encodeIndexRecord({ offset, at }: IndexRecord): Buffer {
  const bytes = Buffer.alloc(INDEX_RECORD_BYTES);
  bytes.writeDoubleLE(offset, 0);
  bytes.writeDoubleLE(at, 8);
  return bytes;
}

/** Records of a segment in memory. Offsets rise; times need not, since a wall clock may be set back. */
export class TimeIndex {
  readonly #offsets: number[] = [];
  readonly #times: number[] = [];

  get count(): number {
    return this.#offsets.length;
  }

  /** Takes records as they are in the file, behind those it has; a part of a record at the end is left. */
  push(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + INDEX_RECORD_BYTES <= bytes.byteLength; at += INDEX_RECORD_BYTES) {
      this.#offsets.push(view.getFloat64(at, true));
      this.#times.push(view.getFloat64(at + 8, true));
    }
  }

  /** When the byte was read, ms; undefined when there is no record of it. */
  timeAt(offset: number): number | undefined {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#times[low - 1];
  }

  /** The first offset that was read at the time or later; Infinity when none was. */
  firstSince(ms: number): number {
    const at = this.#times.findIndex((time) => time >= ms);
    return at === -1 ? Infinity : (this.#offsets[at] as number);
  }

  /** The offset behind the last byte that was read at the time or earlier; 0 when none was, Infinity when the last was. */
  endUntil(ms: number): number {
    const at = this.#times.findLastIndex((time) => time <= ms);
    return at === -1 ? 0 : (this.#offsets[at + 1] ?? Infinity);
  }
}
