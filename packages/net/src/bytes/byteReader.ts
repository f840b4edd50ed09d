import { coreError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { netError } from '../errors.ts';
import type { Transport, TransportHandler } from '../transport.ts';

const LF = 0x0a;
const CR = 0x0d;
/** The transport is held back while more than this waits to be read. */
const HIGH_WATER_BYTES = 262_144;
const MIN_BYTES = 4_096;
const EMPTY = Buffer.alloc(0);

export interface ByteReaderOptions {
  /** Id of the protocol, for errors. */
  readonly protocol: string;
  /** The connection is over; told once, also when somebody waits for bytes. */
  readonly onClosed?: (error?: RoundhouseError) => void;
  /** The peer has ended its direction. */
  readonly onEnded?: () => void;
}

/**
 * What a transport delivers, to be asked for by lines or by numbers of bytes. One may ask at a time. A wait rejects with
 * the transport's error, CONNECTION_CLOSED at the end, MESSAGE_TOO_LARGE, or the reason of the scope; whatever arrived
 * stays for the next.
 */
export class ByteReader {
  readonly #transport: Transport;
  readonly #options: ByteReaderOptions;
  /** What has arrived stands in it from `#from` to `#to`. */
  #buffer = EMPTY;
  #from = 0;
  #to = 0;
  #isPaused = false;
  #isOver = false;
  #error: RoundhouseError | undefined;
  #wake: (() => void) | undefined;

  /** Attaches itself as the transport's handler. */
  constructor(transport: Transport, options: ByteReaderOptions) {
    this.#transport = transport;
    this.#options = options;
    transport.start(this.#handler);
  }

  /** Bytes that have arrived and were not asked for yet. */
  get buffered(): number {
    return this.#to - this.#from;
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The bytes up to the next line feed, without it and the carriage return before it. `maxBytes` bounds the line with
   * its end.
   */
  async line(maxBytes: number, scope: Scope, what = 'a line'): Promise<Uint8Array> {
    // Where the search goes on: what was searched holds no line feed.
    let searched = 0;
    for (;;) {
      const found = this.#buffer.subarray(0, this.#to).indexOf(LF, this.#from + searched);
      if (found !== -1) {
        const at = found - this.#from;
        if (at >= maxBytes) throw this.#tooLarge(what, maxBytes);
        const line = this.#take(at + 1);
        return line.subarray(0, at > 0 && line[at - 1] === CR ? at - 1 : at);
      }
      if (this.buffered >= maxBytes) throw this.#tooLarge(what, maxBytes);
      searched = this.buffered;
      await this.#more(scope);
    }
  }

  /** Exactly so many bytes. */
  async exactly(count: number, scope: Scope): Promise<Uint8Array> {
    while (this.buffered < count) await this.#more(scope);
    return this.#take(count);
  }

  /** Whatever has arrived, at least one byte and at most `maxBytes`; undefined at the end. */
  async some(maxBytes: number, scope: Scope): Promise<Uint8Array | undefined> {
    const arrived = await this.peek(scope);
    return arrived && this.#take(Math.min(arrived.byteLength, maxBytes));
  }

  /**
   * What has arrived, at least one byte, without taking it; undefined at the end. Borrowed: it is overwritten when more
   * arrives. `skip` takes as much of it as its reader understood.
   */
  async peek(scope: Scope): Promise<Uint8Array | undefined> {
    if (this.buffered === 0) {
      if (this.#isOver && this.#error === undefined) return undefined;
      try {
        await this.#more(scope);
      } catch (error) {
        if (this.buffered === 0 && this.#isOver && this.#error === undefined) return undefined;
        throw error;
      }
    }
    return this.#buffer.subarray(this.#from, this.#to);
  }

  /** Drops the first `count` of the bytes that have arrived. */
  skip(count: number): void {
    this.#from += Math.min(count, this.buffered);
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
      // What was large once need not stay so.
      if (this.#buffer.byteLength > HIGH_WATER_BYTES) this.#buffer = EMPTY;
    }
    if (this.buffered <= HIGH_WATER_BYTES / 2) this.#resume();
  }

  /** All that has arrived, at once. For whoever takes the connection over. */
  takeAll(): Uint8Array {
    return this.#take(this.buffered);
  }

  readonly #handler: TransportHandler = {
    data: (chunk) => {
      this.#append(chunk);
      if (this.buffered > HIGH_WATER_BYTES && !this.#isPaused) {
        this.#isPaused = true;
        this.#transport.pause();
      }
      this.#wake?.();
    },
    ended: () => {
      this.#isOver = true;
      this.#wake?.();
      this.#options.onEnded?.();
    },
    closed: (error) => {
      this.#isOver = true;
      this.#error ??= error;
      this.#wake?.();
      this.#options.onClosed?.(error);
    },
  };

  async #more(scope: Scope): Promise<void> {
    scope.throwIfEnded();
    if (this.#isOver) throw this.#error ?? this.#ended();
    if (this.#wake !== undefined) {
      throw coreError('INTERNAL', { details: { reason: `two readers of ${this.#transport.peer}` } });
    }
    this.#resume();
    const before = this.buffered;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    try {
      await scope.race(promise);
    } finally {
      this.#wake = undefined;
    }
    if (this.buffered === before && this.#isOver) throw this.#error ?? this.#ended();
  }

  #ended(): RoundhouseError {
    const { protocol } = this.#options;
    return netError('CONNECTION_CLOSED', { phase: 'read', peer: this.#transport.peer, protocol });
  }

  #tooLarge(what: string, limit: number): RoundhouseError {
    const { protocol } = this.#options;
    const details = { what, limit, unit: 'bytes' };
    return netError('MESSAGE_TOO_LARGE', { phase: 'read', peer: this.#transport.peer, protocol, details });
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport.resume();
  }

  /** Copies: what is delivered is borrowed. Room is doubled, so that single bytes cost no more than large chunks. */
  #append(chunk: Uint8Array): void {
    const length = this.buffered;
    if (this.#to + chunk.byteLength > this.#buffer.byteLength) {
      const needed = length + chunk.byteLength;
      const target =
        needed * 2 <= this.#buffer.byteLength ? this.#buffer : Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, needed * 2));
      this.#buffer.copy(target, 0, this.#from, this.#to);
      this.#buffer = target;
      this.#from = 0;
      this.#to = length;
    }
    this.#buffer.set(chunk, this.#to);
    this.#to += chunk.byteLength;
  }

  /** A copy, which belongs to whoever asked. */
  #take(count: number): Uint8Array {
    const taken = Uint8Array.prototype.slice.call(this.#buffer, this.#from, this.#from + count);
    this.skip(count);
    return taken;
  }
}
