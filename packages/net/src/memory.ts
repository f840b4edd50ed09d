import { Duplex } from 'node:stream';
import { type Clock, systemClock } from '@roundhouse/core';
import { StreamTransport } from './streamTransport.ts';
import type { Transport, TransportLimits } from './transport.ts';

export interface MemoryPairOptions {
  readonly clock?: Clock;
  readonly limits?: TransportLimits;
  /** Name that a certificate must have after `upgradeTls`. Default `localhost`. */
  readonly host?: string;
}

/**
 * Two connected transports inside the process: the contract of TCP, with real TLS on top, without a socket. Delivered
 * chunks are overwritten afterwards.
 */
export function createMemoryPair(options: MemoryPairOptions = {}): [Transport, Transport] {
  const [a, b] = MemorySocket.pair();
  const { clock = systemClock, limits, host = 'localhost' } = options;
  const common = { host, clock, limits, overwritesChunks: true };
  return [
    new StreamTransport(a, { ...common, local: 'memory:1', peer: 'memory:2' }),
    new StreamTransport(b, { ...common, local: 'memory:2', peer: 'memory:1' }),
  ];
}

/** One end of a pair. A write is complete when the other end has asked for more, so a stalled reader holds the writer. */
class MemorySocket extends Duplex {
  #other: MemorySocket | undefined;
  #writeDone: (() => void) | undefined;

  static pair(): [MemorySocket, MemorySocket] {
    const options = { allowHalfOpen: true };
    const [a, b] = [new MemorySocket(options), new MemorySocket(options)];
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  override _read(): void {
    const writer = this.#other;
    if (writer === undefined) return;
    const done = writer.#writeDone;
    writer.#writeDone = undefined;
    done?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A copy: the bytes delivered are overwritten, the writer's may be a constant.
    if (this.#other?.push(Buffer.from(chunk)) === true) process.nextTick(done);
    else this.#writeDone = done;
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other;
    this.#other = undefined;
    const isComplete = this.writableFinished && this.readableEnded;
    if (other !== undefined && !other.destroyed && !isComplete) {
      process.nextTick(() => other.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' })));
    }
    done(error);
  }
}
