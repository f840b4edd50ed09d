import { Duplex } from 'node:stream';
import type { RoundhouseError } from '@roundhouse/core';
import type { Transport } from '../transport.ts';

/**
 * A transport as a stream of Node's, for a library that takes one; it attaches itself as the transport's handler. An
 * `error` of it never ends the process: there is always a listener.
 */
export function duplexOf(transport: Transport): Duplex {
  return new TransportDuplex(transport);
}

class TransportDuplex extends Duplex {
  readonly #transport: Transport;
  /** As that of a socket: whether the peer does something can be seen from it. */
  bytesRead = 0;
  #onDrained: (() => void) | undefined;

  constructor(transport: Transport) {
    super({ allowHalfOpen: true });
    this.#transport = transport;
    this.on('error', () => {});
    transport.start({
      data: (chunk) => {
        this.bytesRead += chunk.length;
        // The chunk is borrowed.
        if (!this.push(Buffer.from(chunk))) transport.pause();
      },
      ended: () => void this.push(null),
      closed: (error?: RoundhouseError) => void this.destroy(error),
      drained: () => {
        const done = this.#onDrained;
        this.#onDrained = undefined;
        done?.();
      },
    });
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // The writer goes on when the system has taken enough of it.
    if (this.#transport.write(chunk)) done();
    else if (this.#transport.state === 'open') this.#onDrained = done;
    else done();
  }

  override _final(done: () => void): void {
    void this.#transport.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const waiting = this.#onDrained;
    this.#onDrained = undefined;
    if (error !== null || !this.writableFinished) this.#transport.destroy();
    waiting?.();
    done(error);
  }
}
