import type { RoundhouseError, Scope } from '@roundhouse/core';
import { httpHeadEnd } from '../bytes/httpHead.ts';
import { netError } from '../errors.ts';
import type { ByteStream } from '../streamTransport.ts';
import { connectionLost, endedDuring } from '../systemError.ts';

/** What is said with a proxy before the connection is the caller's. */
export interface ProxyDialog {
  write(bytes: Uint8Array | string): void;
  exactly(count: number): Promise<Uint8Array>;
  /** The head of an HTTP message with its empty line. Rejects with MESSAGE_TOO_LARGE. */
  head(maxBytes: number): Promise<Uint8Array>;
}

export interface ProxyPlace {
  /** Id of the proxy's protocol. */
  readonly protocol: string;
  /** Address of the proxy. */
  readonly proxy: string;
}

/**
 * Speaks with a proxy on a connected, paused stream. Settles as `speak` does, or rejects with TIMEOUT of the phase
 * `negotiate`, CONNECTION_LOST, CONNECTION_CLOSED or the reason of the scope; the stream is destroyed then. Otherwise it
 * is paused again, and what came behind the dialog is still to be read from it.
 */
export async function withProxy<T>(
  stream: ByteStream,
  place: ProxyPlace,
  scope: Scope,
  speak: (dialog: ProxyDialog) => Promise<T>,
): Promise<T> {
  const dialog = new StreamDialog(stream, place);
  const leave = scope.onEnd((reason) => dialog.fail(endedDuring('negotiate', place.proxy, reason)));
  try {
    const result = await speak(dialog);
    dialog.release();
    return result;
  } catch (error) {
    dialog.fail(error as RoundhouseError);
    throw error;
  } finally {
    leave();
  }
}

class StreamDialog implements ProxyDialog {
  readonly #stream: ByteStream;
  readonly #place: ProxyPlace;
  #bytes = Buffer.alloc(0);
  #failure: RoundhouseError | undefined;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(stream: ByteStream, place: ProxyPlace) {
    this.#stream = stream;
    this.#place = place;
    stream.on('error', this.#onError).on('end', this.#onEnd).on('close', this.#onEnd).on('data', this.#onData);
    stream.resume();
  }

  write(bytes: Uint8Array | string): void {
    this.#stream.write(bytes);
  }

  exactly(count: number): Promise<Uint8Array> {
    return this.#take(() => (this.#bytes.length < count ? -1 : count));
  }

  head(maxBytes: number): Promise<Uint8Array> {
    return this.#take((searched) => {
      const end = httpHeadEnd(this.#bytes, searched);
      if (end > maxBytes || (end === -1 && this.#bytes.length >= maxBytes)) throw this.#tooLarge(maxBytes);
      return end;
    });
  }

  /** Hands the stream over, with what came behind. */
  release(): void {
    if (this.#failure === undefined && this.#hasEnded) this.fail(this.#closed());
    if (this.#failure !== undefined) throw this.#failure;
    this.#stream.pause();
    this.#leave();
    if (this.#bytes.length > 0) this.#stream.unshift(this.#bytes);
  }

  /** Frees the stream at once; who waits is told why. Idempotent. */
  fail(failure: RoundhouseError): void {
    if (this.#failure === undefined) {
      this.#failure = failure;
      this.#stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
      // The listener of errors stays: a stream that is destroyed may still tell one.
      this.#stream.destroy();
    }
    this.#wake?.();
  }

  async #take(find: (searched: number) => number): Promise<Uint8Array> {
    for (let searched = 0; ; ) {
      if (this.#failure !== undefined) throw this.#failure;
      // What came before the end counts: a proxy may refuse and leave at once.
      const count = find(searched);
      if (count !== -1) {
        const taken = this.#bytes.subarray(0, count);
        this.#bytes = this.#bytes.subarray(count);
        return taken;
      }
      if (this.#hasEnded) throw this.#closed();
      searched = this.#bytes.length;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake?.();
  };

  readonly #onError = (error: Error): void => this.fail(connectionLost(error, this.#place.proxy, 'maybe'));

  #leave(): void {
    this.#stream
      .off('error', this.#onError)
      .off('end', this.#onEnd)
      .off('close', this.#onEnd)
      .off('data', this.#onData);
  }

  #closed(): RoundhouseError {
    const { protocol, proxy } = this.#place;
    return netError('CONNECTION_CLOSED', { protocol, phase: 'negotiate', peer: proxy });
  }

  #tooLarge(limit: number): RoundhouseError {
    const { protocol, proxy } = this.#place;
    const details = { what: 'the head of the answer', limit, unit: 'bytes' };
    return netError('MESSAGE_TOO_LARGE', { protocol, phase: 'negotiate', peer: proxy, details });
  }
}
