import { coreError, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  netError,
  type NetErrorCode,
  type NetRuntime,
  type Role,
  type SessionCore,
  type Timeouts,
  type Transport,
  type TransportHandler,
} from '@roundhouse/net';
import { CLOSE, closeError, type WebSocketEnd } from './closeCode.ts';
import { type BoundedDeflate, RATIO_EXCEEDED } from './compression.ts';
import { DEFLATE, type Engine, type Receiver, type Sender } from './engine.ts';
import { Heartbeat } from './heartbeat.ts';
import { Inbox } from './inbox.ts';
import type { WebSocketLimits } from './options.ts';
import { TransportSink } from './transportSink.ts';

const EMPTY = Buffer.alloc(0);
/** Longest header of a frame, with its mask. RFC 6455 §5.2. */
const MAX_HEADER_BYTES = 14;
/** Answers to pings that may wait to be sent. */
const MAX_PONGS = 64;

/** How a fault of the peer is told to it, and here. Codes of `ws` and zlib; RFC 6455 §7.4.1. */
const FAULTS: Readonly<Record<string, readonly [close: number, NetErrorCode]>> = {
  WS_ERR_INVALID_UTF8: [CLOSE.InvalidData, 'PROTOCOL_VIOLATION'],
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: [CLOSE.TooBig, 'MESSAGE_TOO_LARGE'],
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: [CLOSE.TooBig, 'MESSAGE_TOO_LARGE'],
  WS_ERR_TOO_MANY_BUFFERED_PARTS: [CLOSE.PolicyViolation, 'MESSAGE_TOO_LARGE'],
  [RATIO_EXCEEDED]: [CLOSE.TooBig, 'MESSAGE_TOO_LARGE'],
};
const OF_ZLIB: readonly [number, NetErrorCode] = [CLOSE.InvalidData, 'PROTOCOL_VIOLATION'];
const OTHER: readonly [number, NetErrorCode] = [CLOSE.ProtocolError, 'PROTOCOL_VIOLATION'];

export interface FramingInit {
  readonly engine: Engine;
  readonly core: SessionCore;
  readonly role: Role;
  readonly transport: Transport;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly limits: WebSocketLimits;
  readonly deflate: BoundedDeflate | undefined;
  readonly hasHeartbeat: boolean;
}

/** Messages on a transport: frames both ways, the closing handshake, a peer that is dead. */
export class Framing {
  readonly inbox: Inbox;
  readonly ended: Promise<WebSocketEnd>;
  readonly #init: FramingInit;
  readonly #receiver: Receiver;
  readonly #sender: Sender;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #ended = Promise.withResolvers<WebSocketEnd>();
  /** The peer has said that it ends, or is gone. */
  readonly #concluded = Promise.withResolvers<void>();
  readonly #pings = new Map<string, () => void>();
  #pingCount = 0;
  #waitingBytes = 0;
  #pongsWaiting = 0;
  #nextPong: Buffer | undefined;
  #hasSaidClose = false;
  /** What the peer has said or done takes no more from it: what is left to do. */
  #finish: (() => void) | undefined;
  /** The connection may end by itself, so that the last frame arrives. */
  #isPolite = false;
  #isInflating = false;
  #isOver = false;
  #whenRoom: (() => void) | undefined;
  #end: WebSocketEnd = { code: CLOSE.Abnormal, reason: '', isClean: false };

  constructor(init: FramingInit) {
    const { engine, role, transport, runtime, timeouts, limits, deflate } = init;
    this.#init = init;
    this.ended = this.#ended.promise;
    this.inbox = new Inbox({ maxMessages: limits.maxQueuedMessages, maxBytes: limits.maxQueuedBytes }, () =>
      this.#flow(),
    );
    const extensions = deflate === undefined ? {} : { [DEFLATE]: deflate };
    if (deflate !== undefined) deflate.whenRoom = (go) => this.#waitForRoom(go);
    this.#sender = new engine.Sender(new TransportSink(transport), extensions);
    this.#receiver = new engine.Receiver({
      isServer: role === 'server',
      maxPayload: limits.maxMessageBytes,
      maxFragments: limits.maxFragments,
      extensions,
    })
      .on('message', (bytes: Buffer, isBinary: boolean) => this.#received(bytes, isBinary))
      .on('ping', (bytes: Buffer) => this.#pong(bytes))
      .on('pong', (bytes: Buffer) => this.#pings.get(bytes.toString('latin1'))?.())
      .on('conclude', (code: number, reason: Buffer) => {
        this.#end = { code, reason: reason.toString(), isClean: true };
        this.#finally(() => this.#conclude());
      })
      .on('error', (error: Error) => this.#finally(() => this.#fault(error)))
      .on('drain', () => {
        this.#isInflating = false;
        this.#flow();
      });
    if (init.hasHeartbeat) {
      this.#heartbeat = new Heartbeat(timeouts.idleMs, runtime.clock, {
        ask: () => this.#sender.ping(EMPTY, this.#masks, () => {}),
        dead: () => this.#init.core.lost(this.#error('TIMEOUT', { timeout_ms: timeouts.idleMs })),
      });
    }
  }

  readonly handler: TransportHandler = {
    data: (chunk) => {
      if (this.#isOver || this.#finish !== undefined) return;
      this.#heartbeat?.heard();
      // The chunk is borrowed.
      if (!this.#receiver.write(Buffer.from(chunk))) {
        this.#isInflating = true;
        this.#flow();
      }
    },
    ended: () => {
      if (this.#isOver) return;
      // What has come is delivered before the loss is told.
      if (this.#finish !== undefined) this.#lost();
      else this.#receiver.end(() => this.#lost());
      this.#flow();
    },
    closed: (error) => this.#lost(error),
  };

  /** Settles when the system has taken the message; rejects with WRITE_OVERFLOW when too much waits already. */
  async send(bytes: Buffer, isBinary: boolean, onStart: () => void): Promise<void> {
    const { limits, deflate } = this.#init;
    const size = bytes.byteLength + MAX_HEADER_BYTES;
    if (this.#waitingBytes + size > limits.maxBufferedBytes) {
      throw this.#error('WRITE_OVERFLOW', { max_buffered_bytes: limits.maxBufferedBytes }, 'write');
    }
    onStart();
    this.#waitingBytes += size;
    const compress = deflate !== undefined && bytes.byteLength >= deflate.threshold;
    try {
      await this.#taken((taken) =>
        this.#sender.send(bytes, { binary: isBinary, compress, fin: true, mask: this.#masks }, taken),
      );
    } finally {
      this.#waitingBytes -= size;
    }
  }

  get bufferedBytes(): number {
    return this.#waitingBytes;
  }

  /** Settles when the answer to a ping is there. */
  async ping(scope: Scope): Promise<void> {
    this.#pingCount += 1;
    const name = `rh${this.#pingCount}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pings.set(name, resolve);
    try {
      this.#sender.ping(Buffer.from(name, 'latin1'), this.#masks, () => {});
      await scope.race(promise);
    } finally {
      this.#pings.delete(name);
    }
  }

  /** The closing handshake (RFC 6455 §7.1.2), begun here. */
  async goodBye(code: number, reason: string, scope: Scope): Promise<void> {
    this.#sayClose(code, reason);
    // What still comes is not waited for by anybody: it must not keep the answer away.
    this.#flow();
    await scope.race(this.#concluded.promise);
    this.#isPolite = true;
  }

  /** The session is over: frees the transport, politely where both sides have said so. */
  release(error?: RoundhouseError): void {
    this.#isOver = true;
    this.#heartbeat?.stop();
    this.#init.deflate?.release();
    const isMeant = this.#isPolite || this.#hasSaidClose;
    this.inbox.close(error ?? (isMeant ? undefined : coreError('CANCELLED')));
    this.#ended.resolve(this.#end);
    if (this.#isPolite) void this.#init.transport.close();
    else this.#init.transport.destroy(error);
  }

  get #masks(): boolean {
    return this.#init.role === 'client';
  }

  #received(bytes: Buffer, isBinary: boolean): void {
    // RFC 6455 §1.4: after its close frame a side sends nothing; ours was sent, and what crossed it is dropped.
    if (this.#isOver || this.#hasSaidClose) return;
    this.inbox.put(isBinary ? bytes : bytes.toString('utf8'), bytes.byteLength);
    if (this.inbox.isFull) this.#flow();
  }

  /** Lets bytes come, or holds the peer back. */
  #flow(): void {
    const isFull = this.inbox.isFull && !this.#hasSaidClose;
    const { transport } = this.#init;
    if (isFull || this.#isInflating) transport.pause();
    else transport.resume();
    if (isFull) return;
    const go = this.#whenRoom;
    this.#whenRoom = undefined;
    go?.();
  }

  #waitForRoom(go: () => void): void {
    if (this.inbox.isFull && !this.#hasSaidClose && !this.#isOver) this.#whenRoom = go;
    else go();
  }

  /** RFC 6455 §5.5.3: of pings that come faster than answers go, the last is answered. */
  #pong(bytes: Buffer): void {
    if (this.#isOver || this.#hasSaidClose) return;
    if (this.#pongsWaiting >= MAX_PONGS) {
      this.#nextPong = bytes;
      return;
    }
    this.#pongsWaiting += 1;
    this.#sender.pong(bytes, this.#masks, () => {
      this.#pongsWaiting -= 1;
      const next = this.#nextPong;
      this.#nextPong = undefined;
      if (next !== undefined) this.#pong(next);
    });
  }

  /** Who was given a message just now may still answer it: the turn is over first. */
  #finally(finish: () => void): void {
    if (this.#finish !== undefined) return;
    this.#finish = finish;
    if (this.#hasSaidClose) finish();
    else setImmediate(finish);
  }

  #conclude(): void {
    if (this.#isOver) return;
    const { code, reason } = this.#end;
    this.#isPolite = true;
    if (this.#hasSaidClose) return this.#concluded.resolve();
    this.#sayClose(code === CLOSE.NoStatus ? undefined : code, '');
    this.#init.core.lost(closeError(code, reason, this.#init.transport.peer));
  }

  /** Fails the connection (RFC 6455 §7.1.7): the peer is told why. */
  #fault(fault: Error & { readonly code?: string }): void {
    if (this.#isOver) return;
    const [close, code] = FAULTS[fault.code ?? ''] ?? (fault.code?.startsWith('Z_') === true ? OF_ZLIB : OTHER);
    const reason = fault.message.replace(/^Invalid WebSocket frame: /, '');
    const { limits } = this.#init;
    const { maxMessageBytes, maxFragments } = limits;
    const isParts = fault.code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS';
    const size = isParts ? { limit: maxFragments, unit: 'frames' } : { limit: maxMessageBytes, unit: 'bytes' };
    this.#end = { code: close, reason, isClean: false };
    this.#sayClose(close, reason);
    this.#isPolite = true;
    this.#init.core.lost(this.#error(code, { reason, what: 'a message', ...size }));
  }

  #lost(error?: RoundhouseError): void {
    this.#concluded.resolve();
    this.#finish?.();
    if (this.#isOver) return;
    const isAnswer = error === undefined && this.#hasSaidClose;
    if (isAnswer) this.#init.core.lost();
    else this.#init.core.lost(error ?? this.#error('CONNECTION_LOST', { reason: 'it ended without a close frame' }));
  }

  #sayClose(code: number | undefined, reason: string): void {
    if (this.#hasSaidClose) return;
    this.#hasSaidClose = true;
    this.#sender.close(code, reason, this.#masks, () => {});
  }

  #taken(write: (taken: (error?: Error) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      write((error) => {
        if (error === undefined || error === null) resolve();
        else reject(this.#error('CONNECTION_LOST', { reason: 'it was lost before all was sent' }, 'write'));
      });
    });
  }

  #error(
    code: NetErrorCode,
    details: Readonly<Record<string, unknown>>,
    phase: 'read' | 'write' = 'read',
  ): RoundhouseError {
    return netError(code, { protocol: 'websocket', phase, peer: this.#init.transport.peer, details });
  }
}
