import { type RoundhouseError, type Scope } from '@roundhouse/core';
import { httpHeadEnd, netError, type Transport, type TransportHandler } from '@roundhouse/net';

const EMPTY = Buffer.alloc(0);

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
   * error of the transport, or the reason of the scope.
   */
  async head(maxBytes: number, scope: Scope): Promise<Uint8Array> {
    for (let searched = 0; ; ) {
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
