import type { Readable } from 'node:stream';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import { httpError } from './errors.ts';
import type { IncomingBody } from './message.ts';

const EMPTY = Buffer.alloc(0);
/** Used for whole bodies alone, between which it keeps nothing. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

export interface BodyInit {
  /** Begins to read; undefined: there is no body. */
  readonly open: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Takes what is unread at once, where the last byte has arrived; undefined before that. Default: that is not known. */
  readonly takeWhole?: () => readonly Uint8Array[] | undefined;
  readonly length: number | null;
  readonly maxBytes: number;
  /** Rejects whoever reads when it ends; undefined when what is opened sees to that. */
  readonly scope: Scope | undefined;
  readonly tooLarge: (limit: number) => RoundhouseError;
}

/**
 * How a server opens the body of a request: Node's own iterator would destroy the stream when it is left, and with it
 * the connection that the answer is to take.
 */
export function openStream(source: Readable): () => AsyncIterable<Uint8Array> {
  return () => source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

/** As a server says it. */
export function bodyTooLarge(limit: number): RoundhouseError {
  return httpError('HTTP_BODY_TOO_LARGE', { details: { limit } });
}

/** The body of a message that arrives. */
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
    const reading = this.#begin(this.maxBytes);
    if (reading === undefined) return;
    let isDone = false;
    try {
      for (let part = await reading.next(); part !== undefined; part = await reading.next()) yield part;
      isDone = true;
    } finally {
      if (!isDone) reading.leave();
    }
  }

  async bytes(maxBytes = this.maxBytes): Promise<Uint8Array> {
    if (this.#init.open === undefined) return EMPTY;
    const parts = this.#takeWhole(maxBytes) ?? (await this.#takeAll(maxBytes));
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  async text(maxBytes?: number): Promise<string> {
    const bytes = await this.bytes(maxBytes);
    try {
      return UTF8.decode(bytes);
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

  #takeWhole(limit: number): readonly Uint8Array[] | undefined {
    const { takeWhole, length, tooLarge } = this.#init;
    if (length !== null && length > limit) throw tooLarge(limit);
    const parts = takeWhole?.();
    let received = 0;
    for (const part of parts ?? []) received += part.length;
    if (received > limit) throw tooLarge(limit);
    return parts;
  }

  async #takeAll(limit: number): Promise<readonly Uint8Array[]> {
    const parts: Uint8Array[] = [];
    const reading = this.#begin(limit);
    if (reading === undefined) return parts;
    try {
      for (let part = await reading.next(); part !== undefined; part = await reading.next()) parts.push(part);
    } catch (error) {
      reading.leave();
      throw error;
    }
    return parts;
  }

  /** `next` gives undefined at the end; `leave` gives the rest up. */
  #begin(limit: number): { next(): Promise<Uint8Array | undefined>; leave(): void } | undefined {
    const { open, length, scope, tooLarge } = this.#init;
    if (open === undefined) return undefined;
    scope?.throwIfEnded();
    if (length !== null && length > limit) throw tooLarge(limit);
    const iterator = open()[Symbol.asyncIterator]();
    let received = 0;
    return {
      async next() {
        try {
          const next = iterator.next();
          const { done, value } = await (scope === undefined ? next : scope.race(next));
          if (done === true) return undefined;
          const part = value as Uint8Array;
          received += part.length;
          if (received > limit) throw tooLarge(limit);
          return part;
        } catch (error) {
          scope?.throwIfEnded();
          throw isCut(error) ? httpError('HTTP_BODY_INCOMPLETE', { cause: error }) : error;
        }
      },
      // What waits for bytes that never come would hold this too: it is not waited for.
      leave: () => void Promise.resolve(iterator.return?.()).catch(() => {}),
    };
  }
}

/** How Node says that the peer left. */
function isCut(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(ECONNRESET|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP2_|ABORT_ERR|HPE_)/.test(code);
}
