import type { WireName } from './name.ts';

/** Labels of a message that later names are compressed against; with more, compression costs more than it saves. */
const MAX_TARGETS = 48;
/** A pointer has 14 bits. RFC 1035 §4.1.4. */
const POINTER_LIMIT = 0x4000;
const POINTER = 0xc000;

/** Where a writer stood, to go back there. */
export interface WriterMark {
  readonly offset: number;
  readonly targets: number;
}

/**
 * Writes a message, into a buffer that is used for one after the other. What does not fit within `limit` is not
 * written, and `isFull` says so: the caller looks at it where it can still go back.
 */
export class MessageWriter {
  readonly bytes: Buffer;
  offset = 0;
  isFull = false;
  readonly #compresses: boolean;
  #limit: number;
  /** Where labels begin that a name may point to. */
  readonly #targets = new Uint16Array(MAX_TARGETS);
  #targetCount = 0;

  /** Without compression each name is written whole, as in the data of a zone. */
  constructor(capacity: number, compresses = true) {
    this.#compresses = compresses;
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#limit = capacity;
  }

  /** Begins a new message of at most `limit` bytes. */
  reset(limit: number): void {
    this.offset = 0;
    this.isFull = false;
    this.#targetCount = 0;
    this.#limit = Math.min(limit, this.bytes.length);
  }

  get limit(): number {
    return this.#limit;
  }

  /** Room for what comes last, e.g. OPT, is kept by a smaller limit until then. */
  setLimit(limit: number): void {
    this.#limit = Math.min(limit, this.bytes.length);
  }

  mark(): WriterMark {
    return { offset: this.offset, targets: this.#targetCount };
  }

  /** Forgets what was written since. */
  back({ offset, targets }: WriterMark): void {
    this.offset = offset;
    this.#targetCount = targets;
    this.isFull = false;
  }

  u8(value: number): void {
    if (this.#has(1)) this.bytes[this.offset++] = value;
  }

  u16(value: number): void {
    if (!this.#has(2)) return;
    this.bytes[this.offset++] = value >>> 8;
    this.bytes[this.offset++] = value;
  }

  u32(value: number): void {
    if (this.#has(4)) this.offset = this.bytes.writeUInt32BE(value, this.offset);
  }

  raw(from: Uint8Array, start = 0, end = from.byteLength): void {
    if (!this.#has(end - start)) return;
    if (end - start <= 32) {
      // Shorter than a call out of JavaScript.
      for (let at = start; at < end; at += 1) this.bytes[this.offset++] = from[at] as number;
    } else {
      this.bytes.set(from.subarray(start, end), this.offset);
      this.offset += end - start;
    }
  }

  /** A name as it is; later names may point to it. */
  name(name: WireName): void {
    if (this.#has(name.length)) this.#labels(name, name.length);
  }

  /** A name, of which the end that stands in the message already is a pointer to it. RFC 1035 §4.1.4. */
  compressedName(name: WireName): void {
    for (let at = 0; this.#compresses && name.charCodeAt(at) !== 0; at += 1 + name.charCodeAt(at)) {
      const target = this.#find(name, at);
      if (target === -1) continue;
      if (!this.#has(at + 2)) return;
      this.#labels(name, at);
      this.u16(POINTER | target);
      return;
    }
    this.name(name);
  }

  /** Lets later names point to the name that was written at `at` by other means, uncompressed. */
  addTargets(at: number): void {
    while (this.bytes[at] !== 0) {
      this.#addTarget(at);
      at += 1 + (this.bytes[at] as number);
    }
  }

  /** Fills the two bytes at `at`, e.g. with a length that was not known before. */
  patch16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  /** A copy of what was written, from `start`. */
  copy(start = 0): Uint8Array {
    const copy = Buffer.allocUnsafe(this.offset - start);
    this.bytes.copy(copy, 0, start, this.offset);
    return copy;
  }

  /** Writes the first `length` bytes of a name. */
  #labels(name: WireName, length: number): void {
    for (let at = 0; at < length && name.charCodeAt(at) !== 0; at += 1 + name.charCodeAt(at)) {
      this.#addTarget(this.offset + at);
    }
    for (let at = 0; at < length; at += 1) this.bytes[this.offset++] = name.charCodeAt(at);
  }

  #addTarget(at: number): void {
    if (at < POINTER_LIMIT && this.#targetCount < MAX_TARGETS) this.#targets[this.#targetCount++] = at;
  }

  /** Where the end of `name` from `from` on stands in the message; -1 for nowhere. */
  #find(name: WireName, from: number): number {
    for (let index = 0; index < this.#targetCount; index += 1) {
      const target = this.#targets[index] as number;
      if (this.#isSame(name, from, target)) return target;
    }
    return -1;
  }

  /** Letters are equal in either case. RFC 4343. */
  #isSame(name: WireName, from: number, target: number): boolean {
    const { bytes } = this;
    let at = from;
    let there = target;
    for (;;) {
      let length = bytes[there] as number;
      while (length >= 0xc0) {
        there = ((length & 0x3f) << 8) | (bytes[there + 1] as number);
        length = bytes[there] as number;
      }
      if (length !== name.charCodeAt(at)) return false;
      if (length === 0) return true;
      const end = at + length;
      while (at < end) {
        at += 1;
        there += 1;
        if (lower(bytes[there] as number) !== lower(name.charCodeAt(at))) return false;
      }
      at += 1;
      there += 1;
    }
  }

  #has(count: number): boolean {
    if (!this.isFull && this.offset + count <= this.#limit) return true;
    this.isFull = true;
    return false;
  }
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
