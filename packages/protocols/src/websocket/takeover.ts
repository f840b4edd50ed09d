import { type RoundhouseError, type Scope } from '@roundhouse/core';
import { httpHeadEnd, netError, type Transport, type TransportHandler } from '@roundhouse/net';

const EMPTY = Buffer.alloc(0);
const START_BYTES = 8;

/** Reads the head of an HTTP message from a transport, and then hands the transport to another. */
export class Takeover {
  readonly transport: Transport;
  #bytes = EMPTY;
  #handler: TransportHandler | undefined;
  #isOver = false;
  #error: RoundhouseError | undefined;
  #wake: (() => void) | undefined;

  /** Attaches itself as the transport's handler. */
  constructor(transport: Transport) {
    this.transport = transport;
    transport.start({
      data: (chunk) => {
        if (this.#handler !== undefined) return this.#handler.data(chunk);
        this.#bytes = Buffer.concat([this.#bytes, chunk]);
        this.#wake?.();
      },
      ended: () => {
        if (this.#handler !== undefined) return this.#handler.ended();
        this.#isOver = true;
        this.#wake?.();
      },
      closed: (error) => {
        if (this.#handler !== undefined) return this.#handler.closed(error);
        this.#isOver = true;
        this.#error = error;
        this.#wake?.();
      },
      drained: () => this.#handler?.drained?.(),
    });
  }

  /**
   * The head, with its empty line. The transport is paused then. Rejects with MESSAGE_TOO_LARGE, CONNECTION_CLOSED, the
   * error of the transport, or the reason of the scope; at once with PROTOCOL_VIOLATION when the first bytes are not
   * those of `start`, so that nobody waits for the end of what is no HTTP.
   */
  async head(maxBytes: number, scope: Scope, start: RegExp): Promise<Uint8Array> {
    for (let searched = 0; ; ) {
      if (!start.test(this.#bytes.subarray(0, START_BYTES).toString('latin1'))) throw this.#noHttp();
      const end = httpHeadEnd(this.#bytes, searched);
      if (end > maxBytes || (end === -1 && this.#bytes.length >= maxBytes)) throw this.#tooLarge(maxBytes);
      if (end !== -1) {
        const head = this.#bytes.subarray(0, end);
        this.#bytes = this.#bytes.subarray(end);
        this.transport.pause();
        return head;
      }
      if (this.#isOver) throw this.#error ?? this.#closed();
      searched = this.#bytes.length;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await scope.race(promise);
    }
  }

  /** Gives the transport to `handler`, with what came behind the head; resumes it. Rejects nothing, raises nothing. */
  handOver(handler: TransportHandler): void {
    this.#handler = handler;
    const rest = this.#bytes;
    this.#bytes = EMPTY;
    // Bytes begin to flow on a later tick; what came before is delivered now, and may hold them back again.
    this.transport.resume();
    if (rest.length > 0) handler.data(rest);
    if (this.#isOver) {
      if (this.transport.state === 'closed') handler.closed(this.#error);
      else handler.ended();
    }
  }

  #noHttp(): RoundhouseError {
    const details = { reason: 'what it says first is no HTTP/1' };
    const { peer } = this.transport;
    return netError('PROTOCOL_VIOLATION', { protocol: 'websocket', phase: 'negotiate', peer, details });
  }

  #closed(): RoundhouseError {
    return netError('CONNECTION_CLOSED', {
      protocol: 'websocket',
      phase: 'negotiate',
      peer: this.transport.peer,
    });
  }

  #tooLarge(limit: number): RoundhouseError {
    const details = { what: 'the head of the handshake', limit, unit: 'bytes' };
    return netError('MESSAGE_TOO_LARGE', {
      protocol: 'websocket',
      phase: 'negotiate',
      peer: this.transport.peer,
      details,
    });
  }
}
