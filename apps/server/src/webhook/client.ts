import { createRequire } from 'node:module';
import { isIPv6, type LookupFunction } from 'node:net';
import { rootCertificates, TLSSocket } from 'node:tls';
import { type Clock, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { Delivery, JsonObject } from '@roundhouse/store';
import type * as Undici from 'undici';
import type { Settings } from './definition.ts';
import { webhookError } from './errors.ts';
import { checkedAddresses, type Resolve } from './guard.ts';
import { readRetryAfter } from './schedule.ts';

/** How an attempt went. */
export interface AttemptResult {
  /** ms since 1970. */
  readonly at: number;
  readonly elapsedMs: number;
  /** Of HTTP; null when there was no answer. */
  readonly status: number | null;
  /** Code of what failed; null when it was taken. */
  readonly error: string | null;
  /** What the receiver asked for, ms; null when it asked for nothing. */
  readonly retryAfterMs: number | null;
  readonly facts: JsonObject;
}

export interface ClientDependencies {
  readonly clock: Clock;
  readonly resolve: Resolve;
  /** PEM of authorities to trust besides the public ones; undefined for these alone. */
  readonly ca: readonly string[] | undefined;
  readonly userAgent: string;
  /** What is sent of a message. Default: all of it. */
  readonly shown?: ((body: JsonObject) => JsonObject) | undefined;
}

/** Bytes of an answer that are read; the connection is cut behind them. */
const MAX_ANSWER_BYTES = 65_536;
/** Bytes of an answer that are kept. */
const KEPT_ANSWER_BYTES = 4_096;
const MAX_HEADER_BYTES = 16_384;
/** Characters that would play tricks on a reader of the log: controls but tab and line feed, and marks of direction. */
const CONTROLS = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Loaded when something is sent: few servers have webhooks. */
const loadUndici = (): typeof Undici => createRequire(import.meta.url)('undici') as typeof Undici;

/** Connections to one address of the receiver, and what was seen when the last of them was made. */
interface Pinned {
  readonly address: string;
  readonly pool: Undici.Pool;
  tls: string | null;
}

/**
 * Sends messages to one receiver. Each attempt resolves the name once, checks all answers, and goes to one of those
 * that were checked: what DNS says a moment later does not matter. Redirections are not followed, answers not decoded.
 */
export class ReceiverClient {
  readonly #settings: Settings;
  readonly #deps: ClientDependencies;
  #resolving: Promise<readonly [string, ...string[]]> | undefined;
  #pinned: Pinned | undefined;
  /** Goes on to the next address when one can not be reached. */
  #turn = 0;

  constructor(settings: Settings, deps: ClientDependencies) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Makes one attempt; what fails is in the result. Rejects only with the reason of the scope. */
  async send(delivery: Delivery, scope: Scope): Promise<AttemptResult> {
    const { clock } = this.#deps;
    const { timeoutMs } = this.#settings;
    const at = clock.now();
    const startedAt = clock.monotonic();
    const facts: Record<string, JsonObject[string]> = {};
    using own = scope.child({ what: 'A webhook attempt', timeoutMs });
    try {
      const addresses = await own.race(this.#addresses(scope));
      facts['addresses'] = addresses;
      facts['resolve_ms'] = rounded(clock.monotonic() - startedAt);
      const pinned = this.#pin(addresses);
      const answer = await this.#post(delivery, pinned, facts, own).catch((error: unknown) => {
        if (own.signal.aborted || !isConnectionLost(error)) throw error;
        facts['second_try'] = true;
        return this.#post(delivery, pinned, facts, own);
      });
      const elapsedMs = rounded(clock.monotonic() - startedAt);
      return { at, elapsedMs, facts, ...answer, error: answerError(answer.status) };
    } catch (error) {
      scope.throwIfEnded();
      const isTimeout = own.signal.aborted || (isRoundhouseError(error) && error.code === 'DEADLINE_EXCEEDED');
      const failure = isTimeout
        ? webhookError('RECEIVER_TIMEOUT', { details: { timeout_ms: timeoutMs }, cause: error })
        : asFailure(error);
      if (failure.code === 'RECEIVER_UNREACHABLE') this.#turn++;
      facts['reason'] = failure.message;
      const elapsedMs = rounded(clock.monotonic() - startedAt);
      return { at, elapsedMs, status: null, error: failure.code, retryAfterMs: null, facts };
    }
  }

  /** Cuts connections. Idempotent. */
  async close(): Promise<void> {
    const { pool } = this.#pinned ?? {};
    this.#pinned = undefined;
    await pool?.destroy();
  }

  /** Attempts that begin while a resolution is under way share it; `scope` is that of the receiver. */
  #addresses(scope: Scope): Promise<readonly [string, ...string[]]> {
    this.#resolving ??= this.#resolve(scope).finally(() => {
      this.#resolving = undefined;
    });
    return this.#resolving;
  }

  async #resolve(scope: Scope): Promise<readonly [string, ...string[]]> {
    const { url, policy, timeoutMs } = this.#settings;
    using own = scope.child({ what: 'Resolving the name of a receiver', timeoutMs });
    return await checkedAddresses(url, policy, this.#deps.resolve, own);
  }

  /** Connections to one of the addresses: those that are there, if they lead to one of them. */
  #pin(addresses: readonly [string, ...string[]]): Pinned {
    const wanted = addresses[this.#turn % addresses.length] as string;
    const present = this.#pinned;
    if (present?.address === wanted) return present;
    // Attempts on their way finish there.
    void present?.pool.close();
    const pinned = this.#connectTo(wanted);
    this.#pinned = pinned;
    return pinned;
  }

  #connectTo(address: string): Pinned {
    const { buildConnector, Pool } = loadUndici();
    const { url, maxParallel, timeoutMs } = this.#settings;
    const family = isIPv6(address) ? 6 : 4;
    const lookup: LookupFunction = (_host, _options, callback) => callback(null, address, family);
    const { ca } = this.#deps;
    const connect = buildConnector({
      timeout: timeoutMs,
      allowH2: false,
      autoSelectFamily: false,
      lookup,
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }),
    });
    const pool = new Pool(url.origin, {
      connections: maxParallel,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The scope of each attempt has its time.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) =>
        connect(options, (error, socket) => {
          if (error !== null) return callback(error, null);
          pinned.tls = socket instanceof TLSSocket ? socket.getProtocol() : null;
          callback(null, socket);
        }),
    });
    const pinned: Pinned = { address, pool, tls: null };
    return pinned;
  }

  async #post(
    { messageId, body }: Delivery,
    pinned: Pinned,
    facts: Record<string, JsonObject[string]>,
    scope: Scope,
  ): Promise<{ status: number; retryAfterMs: number | null }> {
    const { url, signer } = this.#settings;
    const text = JSON.stringify(this.#deps.shown?.(body) ?? body);
    const timestamp = Math.floor(this.#deps.clock.now() / 1_000);
    const { traceparent } = body;
    facts['address'] = pinned.address;
    const answer = await pinned.pool.request({
      method: 'POST',
      path: url.pathname + url.search,
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'accept-encoding': 'identity',
        'user-agent': this.#deps.userAgent,
        'webhook-id': messageId,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signer.sign(messageId, timestamp, text),
        ...(typeof traceparent === 'string' ? { traceparent } : {}),
      },
      body: text,
      signal: scope.signal,
    });
    facts['tls'] = pinned.tls;
    const { statusCode, headers } = answer;
    const retryAfter = headers['retry-after'];
    const retryAfterMs = readRetryAfter(
      typeof retryAfter === 'string' ? retryAfter : undefined,
      this.#deps.clock.now(),
    );
    Object.assign(facts, await beginning(answer.body));
    return { status: statusCode, retryAfterMs };
  }
}

/** Reads an answer to its end, or as far as it is let. */
async function beginning(body: AsyncIterable<Buffer>): Promise<{ answer: string; answer_bytes: number }> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (bytes < KEPT_ANSWER_BYTES) kept.push(chunk.subarray(0, KEPT_ANSWER_BYTES - bytes));
    bytes += chunk.length;
    // Leaving the loop destroys the connection.
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return { answer: Buffer.concat(kept).toString('utf8').replace(CONTROLS, '\ufffd'), answer_bytes: bytes };
}

/**
 * Whether a connection ended before the answer. A receiver may close an idle one just as a message is written to it,
 * which says nothing about the receiver: RFC 9112 §9.3.1 lets a client try again what may be repeated, as messages may.
 */
function isConnectionLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function answerError(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status === 410) return webhookError('RECEIVER_GONE').code;
  if (status >= 300 && status < 400) return webhookError('RECEIVER_REDIRECTS', { details: { status } }).code;
  return webhookError('RECEIVER_REFUSED', { details: { status } }).code;
}

function asFailure(error: unknown): RoundhouseError {
  if (isRoundhouseError(error)) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const reason = code === '' ? message : code;
  const isTls = /^(ERR_SSL_|ERR_TLS_|CERT_|EPROTO$|.*_(CERT|SIGNATURE)(_|$)|HOSTNAME_MISMATCH|INVALID_CA)/.test(code);
  const details = { reason };
  return isTls
    ? webhookError('RECEIVER_TLS_FAILED', { details, cause: error })
    : webhookError('RECEIVER_UNREACHABLE', { details, cause: error });
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
