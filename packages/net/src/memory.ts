import { Duplex } from 'node:stream';
import { type Clock, systemClock } from '@roundhouse/core';
import { type ByteStream, StreamTransport } from './streamTransport.ts';
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

/**
 * One end of a pair. A write is complete when the other end has asked for more, so a stalled reader holds the writer;
 * to destroy one end looks to the other like an end, to reset it like a failure, as with TCP.
 */
export class MemorySocket extends Duplex implements ByteStream {
  #other: MemorySocket | undefined;
  #writeDone: ((error?: Error) => void) | undefined;
  #hasEnded = false;
  #isReset = false;

  static pair(): [MemorySocket, MemorySocket] {
    const options = { allowHalfOpen: true };
    const [a, b] = [new MemorySocket(options), new MemorySocket(options)];
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  resetAndDestroy(): void {
    this.#isReset = true;
    this.destroy();
  }

  override _read(): void {
    const writer = this.#other;
    if (writer !== undefined) writer.#finishWrite();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#other === undefined) return done(failure('EPIPE', 'write'));
    // A copy: the bytes delivered are overwritten, the writer's may be a constant.
    if (this.#other.push(Buffer.from(chunk))) process.nextTick(done);
    else this.#writeDone = done;
  }

  override _final(done: () => void): void {
    this.#hasEnded = true;
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other;
    this.#other = undefined;
    if (other !== undefined && !other.destroyed) {
      other.#other = undefined;
      if (this.#isReset) process.nextTick(() => other.destroy(failure('ECONNRESET', 'read')));
      else if (!this.#hasEnded) other.push(null);
      other.#finishWrite(failure('EPIPE', 'write'));
    }
    done(error);
    this.#finishWrite(failure('ECANCELED', 'write'));
  }

  #finishWrite(error?: Error): void {
    const done = this.#writeDone;
    this.#writeDone = undefined;
    done?.(error);
  }
}

/** An error in the shape of the operating system's. */
function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
