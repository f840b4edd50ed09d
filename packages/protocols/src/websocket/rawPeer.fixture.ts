import { createScope, type Scope } from '@roundhouse/core';
import {
  createMemoryNetwork,
  createRuntime,
  dialTransport,
  DEFAULT_TIMEOUTS,
  type NetRuntime,
  type Transport,
} from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { connectWebSocket } from './client.ts';
import { echo } from './echo.fixture.ts';
import { acceptOf } from './handshake.ts';
import type { CompressionOptions } from './options.ts';
import { serveWebSocket } from './server.ts';

export type Side = 'server' | 'client';

/** A frame as it is on the wire. RFC 6455 §5.2. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isFinal: boolean;
  /** RSV1 is 4, RSV3 is 1. */
  readonly rsv: number;
}

export interface FrameOptions {
  readonly isFinal?: boolean;
  readonly rsv?: number;
  /** Default: as the side that it goes to must have it. */
  readonly isMasked?: boolean;
  /** Bytes of the length field besides the first 7 bits, 0, 2 or 8; default as few as can be. */
  readonly lengthBytes?: 0 | 2 | 8;
}

const MASK = [0x37, 0xfa, 0x21, 0x3d];

/** The bytes of a frame to `side`. */
export function frameTo(side: Side, opcode: number, data: string | Buffer, options: FrameOptions = {}): Buffer {
  const payload = Buffer.from(data as string);
  const { isFinal = true, rsv = 0, isMasked = side === 'server' } = options;
  const { length } = payload;
  const lengthBytes = options.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (isFinal ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, Buffer.from(MASK), payload.map((byte, at) => byte ^ (MASK[at % 4] as number))]);
}

/** Reads whole frames; what is left over is part of none. */
function framesOf(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  for (;;) {
    if (bytes.length - at < 2) break;
    const [first = 0, second = 0] = bytes.subarray(at);
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    const start = at + 2 + lengthBytes + maskBytes;
    if (bytes.length < start) break;
    const length =
      lengthBytes === 2
        ? bytes.readUInt16BE(at + 2)
        : lengthBytes === 8
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short;
    if (bytes.length < start + length) break;
    const mask = bytes.subarray(start - maskBytes, start);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (maskBytes > 0) {
      for (let index = 0; index < length; index++)
        payload[index] = (payload[index] as number) ^ (mask[index % 4] as number);
    }
    frames.push({ opcode: first & 0x0f, payload, isFinal: (first & 0x80) !== 0, rsv: (first >> 4) & 7 });
    at = start + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

export interface RawOptions {
  readonly compression?: Partial<CompressionOptions>;
  /** What the raw peer offers as a client, or answers as a server. */
  readonly extensions?: string;
  readonly heartbeat?: boolean;
}

/** A peer made of bytes, at the other end of one that echoes. */
export class RawPeer implements AsyncDisposable {
  readonly side: Side;
  readonly clock = new FakeClock();
  /** The head that ours has sent. */
  head = '';
  readonly frames: Frame[] = [];
  /** What is no whole frame yet. */
  #bytes: Buffer = Buffer.alloc(0);
  #count = 0;
  #isOpen = false;
  /** Ours has ended the connection. */
  isEnded = false;
  readonly #scope: Scope = createScope({ clock: this.clock });
  readonly #runtime: NetRuntime;
  #transport: Transport | undefined;

  private constructor(side: Side) {
    this.side = side;
    const { dialer, listen } = createMemoryNetwork();
    this.#runtime = createRuntime({ clock: this.clock, dialer, listen });
  }

  /** Connected with ours, which is the `side`; the handshake is over. */
  static async open(side: Side, options: RawOptions = {}): Promise<RawPeer> {
    const peer = new RawPeer(side);
    if (side === 'server') await peer.#asClient(options);
    else await peer.#asServer(options);
    return peer;
  }

  send(...parts: readonly Buffer[]): void {
    for (const part of parts) this.#transport?.write(part);
  }

  /** One byte after the other, or so many. */
  async sendInPieces(bytes: Buffer, size: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      this.#transport?.write(Buffer.from(bytes.subarray(at, at + size)));
      await turn();
    }
  }

  /** Lets everything happen that needs no time. */
  async quiet(isDone: () => boolean = () => false): Promise<void> {
    let seen = -1;
    for (let still = 0; still < 25 && !isDone(); still++) {
      await turn();
      const now = this.#count + (this.isEnded ? 1 : 0);
      if (now !== seen) still = 0;
      seen = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport?.destroy();
    this.#scope.end();
    await this.clock.advance(10_000);
  }

  async #asClient({ compression, extensions, heartbeat }: RawOptions): Promise<void> {
    const server = await serveWebSocket(
      { ...(compression && { compression }), ...(heartbeat !== undefined && { heartbeat }) },
      echo,
      this.#runtime,
      this.#scope,
    );
    const to = { host: 'localhost', port: server.port };
    this.#attach(await dialTransport(to, { timeouts: DEFAULT_TIMEOUTS }, this.#runtime, this.#scope));
    const lines = [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ];
    this.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
    await this.#untilHead();
  }

  async #asServer({ compression, extensions, heartbeat }: RawOptions): Promise<void> {
    const listener = await this.#runtime.listen(
      { host: 'localhost', port: 0 },
      (transport) => this.#attach(transport),
      this.#scope,
    );
    const url = `ws://localhost:${listener.port}/`;
    const options = { url, ...(compression && { compression }), ...(heartbeat !== undefined && { heartbeat }) };
    const connecting = connectWebSocket(options, this.#scope, this.#runtime);
    await this.#untilHead();
    const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(this.head)?.[1] ?? '';
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptOf(key)}`,
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ];
    this.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
    const connection = await connecting;
    // What it fails with is what the cases are about: they see it on the wire.
    void echo(connection, { method: 'GET', target: '/', headers: {} }).catch(() => {});
  }

  #attach(transport: Transport): void {
    this.#transport = transport;
    transport.start({
      data: (chunk) => {
        this.#bytes = Buffer.concat([this.#bytes, chunk]);
        this.#count += chunk.byteLength;
        if (this.#isOpen) this.#readFrames();
      },
      ended: () => {
        this.isEnded = true;
        void transport.close();
      },
      closed: () => (this.isEnded = true),
    });
  }

  #readFrames(): void {
    const { frames, rest } = framesOf(this.#bytes);
    this.frames.push(...frames);
    this.#bytes = rest;
  }

  async #untilHead(): Promise<void> {
    for (let turns = 0; turns < 1_000; turns++) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end !== -1) {
        this.head = this.#bytes.subarray(0, end + 2).toString('latin1');
        this.#bytes = this.#bytes.subarray(end + 4);
        this.#isOpen = true;
        this.#readFrames();
        return;
      }
      await turn();
    }
    throw new Error('no head came');
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
