import type { Readable } from 'node:stream';
import type { Scope } from '@roundhouse/core';
import { httpError } from './errors.ts';
import type { IncomingBody } from './message.ts';

const EMPTY = Buffer.alloc(0);

export interface BodyInit {
  /** Undefined: there is none. */
  readonly source: Readable | undefined;
  readonly length: number | null;
  readonly maxBytes: number;
  /** Rejects whoever reads when it ends. */
  readonly scope: Scope;
  /** Told before the first byte is asked for. */
  readonly onRead?: (() => void) | undefined;
}

/** The body of a message in a stream of Node's. */
export class StreamBody implements IncomingBody {
  maxBytes: number;
  readonly #init: BodyInit;

  constructor(init: BodyInit) {
    this.#init = init;
    this.maxBytes = init.maxBytes;
  }

  get length(): number | null {
    return this.#init.length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield* this.#read(this.maxBytes);
  }

  async bytes(maxBytes = this.maxBytes): Promise<Uint8Array> {
    if (this.#init.source === undefined) return EMPTY;
    const parts: Uint8Array[] = [];
    for await (const part of this.#read(maxBytes)) parts.push(part);
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  async text(maxBytes?: number): Promise<string> {
    const bytes = await this.bytes(maxBytes);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw httpError('HTTP_BODY_INVALID', { details: { format: 'UTF-8', reason: 'a byte cannot be there' }, cause });
    }
  }

  async json(maxBytes?: number): Promise<unknown> {
    const written = await this.text(maxBytes);
    try {
      return JSON.parse(written) as unknown;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw httpError('HTTP_BODY_INVALID', { details: { format: 'JSON', reason }, cause });
    }
  }

  async *#read(limit: number): AsyncGenerator<Uint8Array> {
    const { source, length, scope, onRead } = this.#init;
    if (source === undefined) return;
    scope.throwIfEnded();
    if (length !== null && length > limit) throw tooLarge(limit);
    onRead?.();
    // Node's own iterator would destroy the stream, and with it the connection that the answer is to take.
    const leave = scope.onEnd((reason) => source.destroy(reason));
    let received = 0;
    try {
      for await (const part of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        received += part.length;
        if (received > limit) throw tooLarge(limit);
        yield part;
      }
    } catch (error) {
      scope.throwIfEnded();
      if (isCut(error)) throw httpError('HTTP_BODY_INCOMPLETE', { cause: error });
      throw error;
    } finally {
      leave();
    }
  }
}

function tooLarge(limit: number): Error {
  return httpError('HTTP_BODY_TOO_LARGE', { details: { limit } });
}

/** How Node says that the peer left. */
function isCut(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(ECONNRESET|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP2_|ABORT_ERR|HPE_)/.test(code);
}
