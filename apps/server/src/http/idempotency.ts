import { hash } from 'node:crypto';
import type { Clock } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest, onSendHookHandler, preHandlerHookHandler } from 'fastify';
import { httpError } from './errors.ts';

export interface IdempotencyOptions {
  /** How long an answer is kept, ms. Default 24 h. */
  readonly keepMs?: number;
  /** Answers kept at most, 1 or more; the one that was asked for least recently goes first. Default 10,000. */
  readonly maxAnswers?: number;
  /** Bytes of answers kept at most. Default 64 MiB. One above a sixteenth of it is not kept. */
  readonly maxBytes?: number;
}

export interface IdempotencyDependencies {
  readonly clock: Clock;
  /** Who asks: keys of one principal are nothing to another. Asked behind the authentication. */
  readonly principalOf: (request: FastifyRequest) => string;
}

/**
 * Idempotency-Key for POST, draft-ietf-httpapi-idempotency-key-header-07: a request that is sent again gets the answer
 * of the first, with `Idempotency-Replayed: true`, and does nothing. Refusals that are worth another try are not kept,
 * so that the try is one. Kept in memory: a restart forgets them, and the sessions that they opened with them.
 */
export interface Idempotency {
  /** Registered with `onSend`; behind the authentication, since the body is part of what is compared. */
  readonly preHandler: preHandlerHookHandler;
  readonly onSend: onSendHookHandler;
  /** Keys remembered, those of requests under way included. */
  readonly keys: number;
  /** Of the answers kept, about. */
  readonly bytes: number;
}

interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly bytes: number;
}

interface Entry {
  readonly id: string;
  /** Of the whole request. */
  readonly fingerprint: string;
  /** Monotonic ms. */
  readonly expiresAt: number;
  /** Undefined while the first request is under way. */
  answer: KeptAnswer | undefined;
}

/** Fields of an answer that belong to it and not to the request. */
const KEPT_FIELDS = ['content-type', 'location', 'etag', 'link'] as const;
const MAX_KEY_LENGTH = 255;
/** What an entry costs beside its body, bytes, measured roughly. */
const ENTRY_BYTES = 512;

export function createIdempotency(options: IdempotencyOptions, deps: IdempotencyDependencies): Idempotency {
  const { keepMs = 86_400_000, maxAnswers = 10_000, maxBytes = 64 * 1024 * 1024 } = options;
  const { clock, principalOf } = deps;
  /** Least recently asked for first. */
  const entries = new Map<string, Entry>();
  /** Entries whose request is under way. */
  const open = new WeakMap<FastifyRequest, Entry>();
  let bytes = 0;

  function forget(entry: Entry): void {
    if (!entries.delete(entry.id)) return;
    bytes -= entry.answer?.bytes ?? 0;
  }

  function known(id: string): Entry | undefined {
    const entry = entries.get(id);
    if (entry?.answer === undefined || clock.monotonic() < entry.expiresAt) return entry;
    forget(entry);
    return undefined;
  }

  /** Forgets answers until no more keys than that are left; never requests under way, which must not run twice. */
  function shrinkTo(maxKeys: number): boolean {
    for (const entry of entries.values()) {
      if (entries.size <= maxKeys && bytes <= maxBytes) return true;
      if (entry.answer !== undefined) forget(entry);
    }
    return entries.size <= maxKeys;
  }

  return {
    get keys() {
      return entries.size;
    },
    get bytes() {
      return bytes;
    },

    preHandler(request, reply, done) {
      const field = request.headers['idempotency-key'];
      if (request.method !== 'POST' || field === undefined) return done();
      try {
        const id = JSON.stringify([principalOf(request), request.routeOptions.url, readKey(field)]);
        const fingerprint = fingerprintOf(request);
        const entry = known(id);
        if (entry === undefined) {
          if (!shrinkTo(maxAnswers - 1)) {
            const reason = 'too many requests with an Idempotency-Key are under way';
            throw httpError('OVERLOADED', { details: { reason } });
          }
          const begun = { id, fingerprint, expiresAt: clock.monotonic() + keepMs, answer: undefined };
          entries.set(id, begun);
          open.set(request, begun);
          return done();
        }
        if (entry.fingerprint !== fingerprint) throw httpError('IDEMPOTENCY_KEY_REUSED');
        if (entry.answer === undefined) throw httpError('IDEMPOTENCY_IN_PROGRESS');
        entries.delete(id);
        entries.set(id, entry);
        replay(reply, entry.answer);
      } catch (error) {
        done(error as Error);
      }
    },

    onSend(request, reply, payload, done) {
      const entry = open.get(request);
      if (entry === undefined) return done();
      open.delete(request);
      const answer = answerOf(reply, payload);
      if (answer === undefined || answer.bytes > maxBytes / 16) forget(entry);
      else {
        entry.answer = answer;
        bytes += answer.bytes;
        shrinkTo(maxAnswers);
      }
      done();
    },
  };
}

/** A String of RFC 9651 §3.3.3; many clients leave the quotation marks out, which is told from it without doubt. */
function readKey(field: string | readonly string[]): string {
  const text = typeof field === 'string' ? field.trim() : '';
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1];
  const key = quoted === undefined ? /^[\w.~:/+=-]+$/.exec(text)?.[0] : quoted.replaceAll(/\\(.)/g, '$1');
  if (key === undefined) throw invalid('it is not one text');
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) throw invalid(`it has not 1 to ${MAX_KEY_LENGTH} characters`);
  return key;
}

function invalid(reason: string): Error {
  return httpError('IDEMPOTENCY_KEY_INVALID', { details: { reason } });
}

function fingerprintOf({ method, url, body }: FastifyRequest): string {
  return hash('sha256', `${method} ${url}\n${body === undefined ? '' : JSON.stringify(body)}`, 'base64url');
}

function replay(reply: FastifyReply, { status, headers, body }: KeptAnswer): void {
  void reply.code(status).headers(headers).header('idempotency-replayed', 'true').send(body);
}

/** Undefined for what is not to be kept: a stream, and a refusal that may go otherwise next time. */
function answerOf(reply: FastifyReply, payload: unknown): KeptAnswer | undefined {
  const body = payload ?? '';
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return undefined;
  if (reply.statusCode >= 400 && isRetryable(body)) return undefined;
  const headers: Record<string, string> = {};
  for (const name of KEPT_FIELDS) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status: reply.statusCode, headers, body, bytes: ENTRY_BYTES + Buffer.byteLength(body) };
}

/** What the problem body says of itself. */
function isRetryable(body: string | Buffer): boolean {
  try {
    const { retryable } = JSON.parse(body.toString()) as { retryable?: unknown };
    return retryable !== false;
  } catch {
    return true;
  }
}
