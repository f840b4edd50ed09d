import type { Duplex } from 'node:stream';
import {
  type Clock,
  coreError,
  Machine,
  type RoundhouseError,
  reportUncaught,
  type Scope,
  type Timer,
} from '@roundhouse/core';
import { netError, type Sent } from './errors.ts';
import { connectionLost, endedDuring } from './systemError.ts';
import { startTls, type TlsFailurePlace, type TlsInfo, type TlsUpgrade, tlsFailure } from './tls.ts';
import {
  TRANSPORT_TRANSITIONS,
  type Transport,
  type TransportHandler,
  type TransportLimits,
  type TransportState,
} from './transport.ts';

const DEFAULT_MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
const DEFAULT_CLOSE_TIMEOUT_MS = 2_000;
/** Of what still comes after `close()`: a peer that sends more does not mean to end. */
const MAX_DROPPED_BYTES = 1_048_576;

/** A connected stream of Node's: a TCP socket, or one end of a memory pair. */
export interface ByteStream extends Duplex {
  /** Cuts the stream so that the other side sees a failure instead of an end. */
  resetAndDestroy(): void;
}

/** Any connected stream as one that can be cut. One that is no TCP socket itself, such as TLS, is destroyed instead. */
export function byteStreamOf(stream: Duplex): ByteStream {
  if (canBeCut(stream)) return stream;
  return Object.assign(stream, { resetAndDestroy: () => void stream.destroy() });
}

function canBeCut(stream: Duplex): stream is ByteStream {
  return 'resetAndDestroy' in stream && !('encrypted' in stream);
}

export interface StreamTransportInit {
  readonly peer: string;
  readonly local: string;
  /** Name that a certificate of the peer must have. */
  readonly host: string;
  readonly clock: Clock;
  readonly limits?: TransportLimits | undefined;
  /** Facts of TLS that the stream has below it already. Default: the bytes are plain. */
  readonly tls?: TlsInfo | null;
  /** Called once when the transport is closed, before the handler. */
  readonly onClosed?: () => void;
  /** Overwrites each chunk after delivery, so that a handler which keeps one is found out. */
  readonly overwritesChunks?: boolean;
}

/** A TLS handshake under way. */
interface Upgrade {
  resolve(): void;
  reject(error: RoundhouseError): void;
}

/** A transport over a connected, paused stream, which it owns. */
export class StreamTransport implements Transport {
  readonly peer: string;
  readonly local: string;
  readonly #init: StreamTransportInit;
  readonly #machine = new Machine<TransportState>('transport', TRANSPORT_TRANSITIONS, 'open');
  /** The stream that was connected; TLS, once there, lies on it. */
  readonly #raw: ByteStream;
  #socket: Duplex;
  #handler: TransportHandler | undefined;
  #tls: TlsInfo | null = null;
  #tlsPlace: (() => TlsFailurePlace) | undefined;
  #upgrade: Upgrade | undefined;
  #error: RoundhouseError | undefined;
  #hasWritten = false;
  #isPaused = false;
  #closed: PromiseWithResolvers<void> | undefined;
  #closeTimer: Timer | undefined;
  #droppedBytes = 0;

  constructor(socket: ByteStream, init: StreamTransportInit) {
    this.peer = init.peer;
    this.local = init.local;
    this.#tls = init.tls ?? null;
    this.#init = init;
    this.#raw = socket;
    this.#socket = socket;
    socket.on('error', this.#onError).on('close', this.#onClose).on('end', this.#onEnd).on('drain', this.#onDrain);
  }

  get tls(): TlsInfo | null {
    return this.#tls;
  }

  get state(): TransportState {
    return this.#machine.state;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) {
      throw coreError('INTERNAL', { details: { reason: 'the transport has a handler already' } });
    }
    this.#handler = handler;
    if (this.state === 'closed') queueMicrotask(() => this.#tellClosed());
    else if (this.state === 'open') this.#listen();
  }

  /** Takes a chunk that the socket has read into a shared buffer. */
  readonly received = (chunk: Uint8Array): void => {
    if (this.#handler === undefined) return;
    if (this.state !== 'open') return this.#drop(chunk);
    try {
      this.#handler.data(chunk);
    } catch (error) {
      this.#handlerFailed(error);
    }
    if (this.#init.overwritesChunks === true) chunk.fill(0xdd);
  };

  write(bytes: Uint8Array, sent?: (isTaken: boolean) => void): boolean {
    if (this.state !== 'open') {
      if (sent !== undefined) queueMicrotask(() => sent(false));
      return false;
    }
    const max_buffered_bytes = this.#init.limits?.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
    if (this.#socket.writableLength > max_buffered_bytes) {
      const { peer } = this;
      this.destroy(
        netError('WRITE_OVERFLOW', { phase: 'write', peer, sent: 'maybe', details: { max_buffered_bytes } }),
      );
      if (sent !== undefined) queueMicrotask(() => sent(false));
      return false;
    }
    this.#hasWritten = true;
    if (sent === undefined) return this.#socket.write(bytes);
    return this.#socket.write(bytes, (error) => sent(error === null || error === undefined));
  }

  pause(): void {
    this.#isPaused = true;
    if (this.state === 'open') this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.state === 'open' && this.#handler !== undefined) this.#socket.resume();
  }

  async upgradeTls(options: TlsUpgrade, scope: Scope, leftover?: Uint8Array): Promise<void> {
    const { peer } = this;
    if (this.state === 'closing' || this.state === 'closed') {
      throw this.#error ?? netError('CONNECTION_CLOSED', { phase: 'tls', peer });
    }
    if (this.#tls !== null) throw coreError('NOT_SUPPORTED', { details: { what: 'TLS inside TLS' } });
    this.#machine.move('upgrading');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#upgrade = { resolve, reject };
    this.#startTls(options, leftover);
    const leave = scope.onEnd((reason) => this.destroy(endedDuring('tls', peer, reason)));
    try {
      await promise;
    } finally {
      leave();
    }
    // A stream resumes on the next tick, behind all microtasks: whoever waits for the upgrade goes on before the first
    // byte arrives.
    this.#listen();
  }

  close(): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.#closed ??= Promise.withResolvers<void>();
    if (this.state === 'upgrading') this.destroy();
    else if (this.state === 'open') {
      this.#machine.move('closing');
      const timeoutMs = this.#init.limits?.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
      this.#closeTimer = this.#init.clock.setTimer(timeoutMs, () => {
        if (this.#socket.writableFinished) this.#socket.destroy();
        else this.destroy(netError('TIMEOUT', { phase: 'write', peer: this.peer, sent: this.#sent() }));
      });
      this.#socket.end();
      // What still comes is dropped, but must be read for the end behind it to be seen.
      this.#socket.resume();
    }
    return this.#closed.promise;
  }

  destroy(reason?: RoundhouseError): void {
    if (this.state === 'closed') return;
    if (this.state !== 'closing') this.#machine.move('closing');
    this.#error ??= reason;
    // Not below TLS: Node 24 may crash when the stream is reset while the layer above has a write under way. Not behind
    // a shutdown: libuv refuses the reset then (uv_tcp_close_reset), and Node 24 would keep the handle for ever.
    if (this.#socket === this.#raw && !this.#raw.writableEnded) this.#raw.resetAndDestroy();
    else this.#socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #drop(chunk: Uint8Array): void {
    if (this.state !== 'closing') return;
    this.#droppedBytes += chunk.byteLength;
    if (this.#droppedBytes <= MAX_DROPPED_BYTES) return;
    this.#socket.destroy(this.#socket.writableFinished ? undefined : new Error('it sends on, and does not read'));
  }

  /** Lets data flow to the handler, when there is one and it has not paused. */
  #listen(): void {
    if (this.state !== 'open' || this.#handler === undefined) return;
    if (this.#socket.listenerCount('data') === 0) this.#socket.on('data', this.received);
    // Attaching a listener makes a stream flow.
    if (this.#isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  #startTls(options: TlsUpgrade, leftover: Uint8Array | undefined): void {
    const raw = this.#raw;
    raw.pause();
    raw.off('data', this.received).off('close', this.#onClose).off('end', this.#onEnd).off('drain', this.#onDrain);
    if (leftover !== undefined && leftover.length > 0) raw.unshift(Buffer.from(leftover));
    try {
      const { socket, presented } = startTls(raw, options, this.#init.host, this.peer, {
        established: (info) => this.#established(info),
        refused: (error) => this.destroy(error),
      });
      const role = options.role ?? 'client';
      const expected = (options.role !== 'server' && options.serverName) || this.#init.host;
      this.#tlsPlace = () => ({ role, peer: this.peer, expected, certificate: presented() });
      this.#socket = socket;
      socket.on('error', this.#onError).on('close', this.#onClose).on('end', this.#onEnd).on('drain', this.#onDrain);
      // Without a reader the end of a peer that leaves in the middle of the handshake would not be seen.
      socket.resume();
    } catch (error) {
      raw.on('close', this.#onClose);
      this.destroy(error as RoundhouseError);
    }
  }

  #established(info: TlsInfo): void {
    if (this.state !== 'upgrading') return;
    this.#socket.pause();
    this.#tls = info;
    this.#machine.move('open');
    this.#upgrade?.resolve();
    this.#upgrade = undefined;
  }

  readonly #onDrain = (): void => {
    if (this.state !== 'open') return;
    try {
      this.#handler?.drained?.();
    } catch (error) {
      this.#handlerFailed(error);
    }
  };

  readonly #onEnd = (): void => {
    if (this.state === 'upgrading') {
      const reason = 'the peer ended the connection in the middle of it';
      this.destroy(netError('TLS_PROTOCOL', { phase: 'tls', peer: this.peer, details: { reason } }));
    } else if (this.state === 'open') {
      try {
        this.#handler?.ended();
      } catch (error) {
        this.#handlerFailed(error);
      }
    }
  };

  readonly #onError = (error: Error): void => {
    if (this.state === 'closed') return;
    if (this.state !== 'closing') {
      this.#error ??= this.#failure(error);
      this.#machine.move('closing');
    } else if (this.#closeTimer !== undefined && !this.#socket.writableFinished) {
      // After close() only the loss of bytes is a failure.
      this.#error ??= this.#failure(error);
    }
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    if (this.state === 'closed') return;
    if (this.state !== 'closing') {
      this.#error ??= this.#failure(new Error('it closed without an end'));
      this.#machine.move('closing');
    }
    this.#machine.move('closed');
    this.#closeTimer?.cancel();
    this.#upgrade?.reject(this.#error ?? netError('CONNECTION_CLOSED', { phase: 'tls', peer: this.peer }));
    this.#upgrade = undefined;
    this.#init.onClosed?.();
    this.#closed?.resolve();
    this.#tellClosed();
  };

  #tellClosed(): void {
    try {
      this.#handler?.closed(this.#error);
    } catch (error) {
      reportUncaught(error);
    }
  }

  #handlerFailed(cause: unknown): void {
    this.destroy(
      coreError('INTERNAL', { details: { reason: `a handler of ${this.peer} failed: ${String(cause)}` }, cause }),
    );
  }

  #failure(error: Error): RoundhouseError {
    const ofTls = this.#tlsPlace && tlsFailure(error, this.#tlsPlace());
    if (ofTls !== undefined) return ofTls;
    if (this.state !== 'upgrading') return connectionLost(error, this.peer, this.#sent());
    const reason = 'the peer cut the connection in the middle of it';
    return netError('TLS_PROTOCOL', { phase: 'tls', peer: this.peer, details: { reason }, cause: error });
  }

  #sent(): Sent {
    if (!this.#hasWritten) return 'none';
    return this.#socket.writableFinished ? 'all' : 'maybe';
  }
}
