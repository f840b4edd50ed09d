import { Duplex } from 'node:stream';
import type { Dialer, Dialled } from '@roundhouse/net';

type ByteStream = Dialled['stream'];

/** What becomes of a connection when so many bytes have come from the peer. */
export type Fate =
  /** Cut, as by a firewall. */
  | 'reset'
  /** The peer ends its direction. */
  | 'end'
  /** Nothing comes any more, not even an end. */
  | 'silence'
  /** Random bytes come, then nothing. */
  | 'garbage'
  /** One byte comes again and again, without a line end, as long as it is read. */
  | 'flood';

export interface WireShape {
  /** What comes, comes byte by byte. */
  readonly isBytewise?: boolean;
  /** Bytes of the peer that arrive before the fate does. */
  readonly after?: number;
  readonly fate?: Fate;
}

const GARBAGE_BYTES = 4_096;
const FLOOD_CHUNK = Buffer.alloc(65_536, 0x41);
/**
 * What comes of a flood before the event loop turns. A real socket is bounded there too: libuv reads it up to 32 times a
 * turn (`uv__read`), 64 KiB each.
 */
export const FLOOD_BYTES_A_TURN = 1_048_576;
/** More than any limit of ours. */
export const FLOOD_BYTES = 67_108_864;

/** A dialer whose connections have a shape, and are remembered. */
export class WireTap implements Dialer {
  readonly name = 'tap';
  readonly wires: Wire[] = [];
  shape: WireShape = {};
  readonly #dialer: Dialer;

  constructor(dialer: Dialer) {
    this.#dialer = dialer;
  }

  async dial(...args: Parameters<Dialer['dial']>): Promise<Dialled> {
    const dialled = await this.#dialer.dial(...args);
    const wire = new Wire(dialled.stream, this.shape);
    this.wires.push(wire);
    return { ...dialled, stream: wire };
  }

  /** Connections that this side has not freed. */
  get open(): number {
    return this.wires.filter((wire) => !wire.destroyed).length;
  }

  /** Changes with every byte that moves. */
  get activity(): number {
    return this.wires.reduce(
      (sum, wire) => sum + wire.fromPeer + wire.passedOn + wire.flooded + wire.sent.length,
      this.wires.length,
    );
  }
}

/** This side's end of a connection, with somebody in between. */
export class Wire extends Duplex implements ByteStream {
  /** All that this side has sent, chunk by chunk. */
  readonly sent: Buffer[] = [];
  readonly #inner: ByteStream;
  readonly #shape: WireShape;
  readonly #waiting: Buffer[] = [];
  #fromPeer = 0;
  #passedOn = 0;
  #flooded = 0;
  #isFated = false;
  #isMuted = false;
  #isStepping = false;

  constructor(inner: ByteStream, shape: WireShape) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#shape = shape;
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => void (!this.#isFated && this.destroy()));
    inner.on('data', (chunk: Buffer) => this.#arrived(chunk));
    inner.on('end', () => {
      if (!this.#isFated) this.#waiting.push(Buffer.alloc(0));
      this.#step();
    });
    if (shape.fate !== undefined && (shape.after ?? 0) === 0) setImmediate(() => this.#meetFate());
  }

  /** Bytes that the peer has sent, and that came through. */
  get fromPeer(): number {
    return this.#fromPeer;
  }

  /** Parts of that which this side was given: fewer while they come byte by byte. */
  get passedOn(): number {
    return this.#passedOn;
  }

  /** Bytes of a flood that this side has taken. */
  get flooded(): number {
    return this.#flooded;
  }

  /** From now on nothing comes, until `unmute`. */
  mute(): void {
    this.#isMuted = true;
  }

  unmute(): void {
    this.#isMuted = false;
    this.#step();
  }

  resetAndDestroy(): void {
    this.#inner.resetAndDestroy();
    this.destroy();
  }

  override _read(): void {
    // As from a network the event loop turns between reads, so that whoever has enough can say so.
    if (this.#isFated && this.#shape.fate === 'flood') {
      if (this.#flooded % FLOOD_BYTES_A_TURN === 0) setImmediate(() => this.#flood());
      else this.#flood();
    } else this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.sent.push(Buffer.from(chunk));
    // Behind its fate the peer hears nothing any more.
    if (this.#isFated || this.#inner.destroyed) done();
    else this.#inner.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#inner.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  #arrived(chunk: Buffer): void {
    if (this.#isFated) return;
    const { after = Infinity, fate } = this.#shape;
    const room = fate === undefined ? Infinity : after - this.#fromPeer;
    const part = chunk.subarray(0, Math.min(room, chunk.byteLength));
    this.#fromPeer += part.byteLength;
    if (this.#shape.isBytewise === true) for (const byte of part) this.#waiting.push(Buffer.of(byte));
    else if (part.byteLength > 0) this.#waiting.push(Buffer.from(part));
    this.#step();
    if (part.byteLength === room) this.#meetFate();
  }

  /** Passes on what waits; byte by byte there is a turn of the event loop between two. */
  #step(): void {
    if (this.#isStepping || this.#isMuted) return;
    const next = this.#waiting.shift();
    if (next === undefined || this.destroyed) return;
    this.#passedOn += 1;
    this.push(next.byteLength === 0 ? null : next);
    if (this.#waiting.length === 0) return;
    if (this.#shape.isBytewise !== true) return this.#step();
    this.#isStepping = true;
    setImmediate(() => {
      this.#isStepping = false;
      this.#step();
    });
  }

  #meetFate(): void {
    if (this.#isFated || this.destroyed) return;
    this.#isFated = true;
    const { fate } = this.#shape;
    if (fate === 'reset')
      this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }));
    else if (fate === 'end') this.push(null);
    else if (fate === 'garbage') this.push(garbage(GARBAGE_BYTES));
    else if (fate === 'flood') this.#flood();
  }

  #flood(): void {
    if (this.destroyed || this.#flooded >= FLOOD_BYTES) return;
    this.#flooded += FLOOD_CHUNK.byteLength;
    this.push(Buffer.from(FLOOD_CHUNK));
  }
}

/** Bytes that look random, and are the same each time. xorshift32. */
export function garbage(length: number): Buffer {
  let state = 0x9e37_79b9;
  return Buffer.from(
    Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    }),
  );
}
