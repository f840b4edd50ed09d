import type { RoundhouseError, Scope, Secret } from '@roundhouse/core';
import {
  createRuntime,
  type Drainable,
  formatAddress,
  netError,
  NetError,
  type NetRuntime,
  resolveTimeouts,
  type Target,
  type Timeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import type { Random } from '@roundhouse/resilience';
import type { CookieJar } from 'tough-cookie';
import { type Policy, withPolicy } from '../../policy/index.ts';
import { StreamBody } from '../body.ts';
import { httpError } from '../errors.ts';
import type { BodyChunk, Fields, FieldValues, IncomingBody } from '../message.ts';
import { connectHttp, type HttpVersionName } from './connect.ts';
import type { HttpClientResponse, OutgoingRequest } from './contract.ts';
import { isAcceptable } from './cookies.ts';
import { ACCEPTED_ENCODINGS, decodeContent, isDecodable } from './decode.ts';
import { type Destination, destinationOf, Destinations } from './destination.ts';
import { HttpPool, type HttpPoolOptions, type Lease, type Place } from './pool.ts';
import { isRedirect, redirected } from './redirect.ts';

export interface HttpClientOptions extends HttpPoolOptions {
  /** Of all `https` origins. Default: the public authorities. */
  readonly tls?: TlsClientOptions;
  /** Over TLS, best first. Default both; without TLS it is `http/1.1`, unless only `h2` is given. */
  readonly versions?: readonly HttpVersionName[];
  readonly timeouts?: Partial<Timeouts>;
  /** Sent with each request; names in lower case. */
  readonly headers?: FieldValues;
  /** Keeps cookies and sends them; without it none are. Of the package `tough-cookie`. */
  readonly cookies?: CookieJar;
  /** Redirects that are followed, 0 … 20. Default 5. */
  readonly maxRedirects?: number;
  /** Of a response, decoded, bytes. Default 16 MiB. */
  readonly maxBodyBytes?: number;
  /** Content that may come out for each byte of gzip, deflate or zstd. Default 200. */
  readonly maxRatio?: number;
  /** Whether content is asked for in gzip, deflate or zstd, and decoded. Default true. */
  readonly decompress?: boolean;
  /** Tries again what failed, where that does no harm; breaker; bulkhead. */
  readonly policy?: Policy;
  /** A proxy for `http` origins, which takes whole URLs (RFC 9112 §3.2.2). For `https` give the runtime a dialer. */
  readonly proxy?: Target;
  /** Keeps connections of different users apart: requests with different ones never share one. */
  readonly credentials?: Secret;
}

export interface HttpRequestOptions {
  readonly method?: string;
  readonly headers?: FieldValues;
  /** An async iterable is sent once, and so never again after a failure or a redirect. */
  readonly body?: BodyChunk | AsyncIterable<BodyChunk> | null;
  /** Sent as JSON instead of `body`. */
  readonly json?: unknown;
  /** From the call to the last byte, ms; Infinity for a stream, whose parts have `idleMs`. */
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly maxRedirects?: number;
  /** Default: by the method (RFC 9110 §9.2.2). True when the server knows a repeated request, e.g. by Idempotency-Key. */
  readonly isIdempotent?: boolean;
  /** RFC 9218: 0 (most urgent) … 7, default 3, and whether parts of it are of use. */
  readonly priority?: { readonly urgency?: number; readonly isIncremental?: boolean };
  /** Told of bytes of the body as they are sent and received; `total` when it is known. */
  readonly onProgress?: (progress: {
    readonly direction: 'sent' | 'received';
    readonly bytes: number;
    readonly total: number | null;
  }) => void;
  readonly traceparent?: string;
}

/** A response; `url` is where it came from in the end. */
export interface HttpResult extends Omit<HttpClientResponse, 'done'> {
  readonly url: string;
}

/** Makes requests, over pools of connections. Its drain ends the connections when their requests are done. */
export interface HttpClient extends Drainable {
  /** Connections that are open. */
  readonly connections: number;
  /**
   * Resolves when the fields of the response are there, whatever its status. Rejects with a NetError, an error of HTTP,
   * one of the policy, or the reason of the scope.
   */
  request(url: string | URL, options: HttpRequestOptions, scope: Scope): Promise<HttpResult>;
  get(url: string | URL, scope: Scope): Promise<HttpResult>;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Origins whose place is remembered. */
const MAX_PLACES = 1_000;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Raises NET_OPTION_INVALID. */
export function createHttpClient(options: HttpClientOptions = {}, runtime: NetRuntime = createRuntime()): HttpClient {
  return new PooledClient(options, runtime);
}

class PooledClient extends HttpPool implements HttpClient {
  readonly #options: HttpClientOptions;
  readonly #network: NetRuntime;
  readonly #timeouts: Timeouts;
  readonly #tls: TlsClientOptions;
  readonly #destinations = new Destinations();
  /** By origin. */
  readonly #places = new Map<string, Place>();
  /** Of each request, beside its own. */
  readonly #headers: FieldValues;
  /** Of a request that has none of its own. */
  readonly #commonHeaders: FieldValues;

  constructor(options: HttpClientOptions, runtime: NetRuntime) {
    const timeouts = resolveTimeouts(options.timeouts);
    const { maxPerOrigin, maxWaiting, maxIdleMs, maxRedirects = 5 } = options;
    const given = { maxPerOrigin, maxWaiting, maxIdleMs };
    const pool = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    super(pool, runtime, timeouts.drainMs);
    if (!Number.isInteger(maxRedirects) || maxRedirects < 0 || maxRedirects > 20) {
      throw netError('NET_OPTION_INVALID', { details: { reason: 'maxRedirects is a whole number from 0 to 20' } });
    }
    this.#options = options;
    this.#network = runtime;
    this.#timeouts = timeouts;
    this.#tls = options.tls ?? {};
    this.#headers = lowerCased(options.headers ?? {});
    this.#commonHeaders = this.#isDecoding(this.#headers) ? accepting(this.#headers) : this.#headers;
  }

  get(url: string | URL, scope: Scope): Promise<HttpResult> {
    return this.request(url, {}, scope);
  }

  async request(url: string | URL, request: HttpRequestOptions, scope: Scope): Promise<HttpResult> {
    const { policy } = this.#options;
    const { method = 'GET', isIdempotent = IDEMPOTENT.has(method) } = request;
    const isReplayable = !isStream(request.body);
    if (policy === undefined) return this.#follow(url, request, scope);
    return withPolicy(
      policy,
      { isIdempotent: isIdempotent && isReplayable },
      (own) => this.#follow(url, request, own),
      scope,
      { random: this.#network.random as Random },
    );
  }

  async #follow(given: string | URL, request: HttpRequestOptions, scope: Scope): Promise<HttpResult> {
    const { json } = request;
    let to = this.#destinations.of(given);
    let method = request.method ?? 'GET';
    let body = json === undefined ? (request.body ?? null) : JSON.stringify(json);
    const own = request.headers === undefined ? this.#headers : { ...this.#headers, ...lowerCased(request.headers) };
    const isDecoding = this.#isDecoding(own);
    let headers = own === this.#headers ? this.#commonHeaders : isDecoding ? accepting(own) : own;
    if (json !== undefined) headers = { 'content-type': 'application/json', ...headers };
    const { priority } = request;
    if (priority !== undefined) headers = { priority: priorityField(priority), ...headers };
    const most = request.maxRedirects ?? this.#options.maxRedirects ?? 5;
    for (let count = 0; ; count++) {
      const sent = this.#options.cookies === undefined ? headers : await this.#withCookies(to.href, headers);
      const response = await this.#once(to, method, sent, body, request, scope);
      if (response.setCookies.length > 0) await this.#keepCookies(to.href, response.setCookies);
      const from = { method, url: to.url, headers, hasBody: body !== null, isReplayable: !isStream(body) };
      const next = most === 0 || !isRedirect(response.status) ? undefined : redirectOrDiscard(response, from);
      if (next === undefined) return this.#result(to, response, request, isDecoding);
      response.discard();
      if (count >= most) {
        const details = { peer: to.host, reason: `there were more than ${most} of them` };
        throw httpError('HTTP_REDIRECT_REFUSED', { details });
      }
      ({ method, headers } = next);
      to = destinationOf(next.url);
      if (!next.keepsBody) body = null;
    }
  }

  #isDecoding(headers: FieldValues): boolean {
    return this.#options.decompress !== false && headers['accept-encoding'] === undefined;
  }

  /** One request; a second time on another connection when the first one turns out to have been ended by the server. */
  async #once(
    to: Destination,
    method: string,
    headers: FieldValues,
    body: OutgoingRequest['body'],
    request: HttpRequestOptions,
    scope: Scope,
  ): Promise<HttpClientResponse> {
    const { origin, path, isTls } = to;
    const place = this.#places.get(origin) ?? this.#place(to);
    let isTaken = false;
    const sent = isStream(body) ? toldAtBegin(body as AsyncIterable<BodyChunk>, () => (isTaken = true)) : body;
    const outgoing: OutgoingRequest = {
      method,
      target: !isTls && this.#options.proxy !== undefined ? `${origin}${path}` : path,
      authority: typeof headers['host'] === 'string' ? headers['host'] : to.host,
      scheme: isTls ? 'https' : 'http',
      headers,
      body: request.onProgress === undefined ? sent : counted(sent, request.onProgress),
      timeoutMs: request.timeoutMs,
      maxBodyBytes: request.maxBodyBytes ?? this.#options.maxBodyBytes ?? MAX_BODY_BYTES,
      traceparent: request.traceparent,
    };
    const mayRepeat = (request.isIdempotent ?? IDEMPOTENT.has(method)) && !isStream(body);
    for (let attempt = 0; ; attempt++) {
      const lease = await this.take(place, scope);
      try {
        return released(await lease.connection.request(outgoing, scope), lease);
      } catch (error) {
        lease.release();
        // What has been taken of a stream is gone, whoever has seen it.
        if (attempt >= 2 || isTaken || !isStale(error as RoundhouseError, lease, mayRepeat)) throw error;
      }
    }
  }

  #place({ url, origin, isTls }: Destination): Place {
    const { versions, proxy, credentials, timeouts } = this.#options;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
    const via = isTls ? undefined : proxy;
    const peer = formatAddress({ host, port });
    // The proxy is the place: one connection to it serves all origins.
    const key = JSON.stringify([via ?? peer, isTls, credentials?.reveal()]);
    const place: Place = {
      key,
      peer,
      open: (scope) =>
        connectHttp(
          {
            host,
            port,
            ...(via !== undefined && { via }),
            ...(isTls && { tls: this.#tls }),
            ...((isTls || versions?.length === 1) && versions !== undefined && { versions }),
            ...(timeouts !== undefined && { timeouts: this.#timeouts }),
          },
          scope,
          this.#network,
        ),
    };
    if (this.#places.size < MAX_PLACES) this.#places.set(origin, place);
    return place;
  }

  async #withCookies(href: string, headers: FieldValues): Promise<FieldValues> {
    const { cookies } = this.#options;
    if (cookies === undefined || headers['cookie'] !== undefined) return headers;
    const cookie = await cookies.getCookieString(href);
    return cookie === '' ? headers : { ...headers, cookie };
  }

  async #keepCookies(href: string, lines: readonly string[]): Promise<void> {
    const { cookies } = this.#options;
    if (cookies === undefined) return;
    // A line that is none is no failure of the request.
    for (const line of lines.filter(isAcceptable)) await cookies.setCookie(line, href, { ignoreError: true });
  }

  #result(to: Destination, response: HttpClientResponse, request: HttpRequestOptions, isDecoding: boolean): HttpResult {
    const { href: url, host: peer } = to;
    const { onProgress } = request;
    const encoding = response.headers['content-encoding']?.toLowerCase();
    const mustDecode = isDecoding && isDecodable(encoding);
    if (!mustDecode && onProgress === undefined) return Object.assign(response, { url });
    const limit = request.maxBodyBytes ?? this.#options.maxBodyBytes ?? MAX_BODY_BYTES;
    const received = onProgress === undefined ? response.body : watched(response.body, onProgress);
    const { maxRatio = 200 } = this.#options;
    const headers = mustDecode ? without(response.headers, ['content-encoding', 'content-length']) : response.headers;
    const body = new StreamBody({
      open: () => (mustDecode ? decodeContent(received, encoding, { maxRatio, peer }) : received),
      length: mustDecode ? null : response.body.length,
      maxBytes: limit,
      scope: undefined,
      tooLarge: (bytes) => {
        const details = { limit: bytes, unit: 'bytes', what: 'content' };
        return netError('MESSAGE_TOO_LARGE', { protocol: 'http', phase: 'read', peer, sent: 'all', details });
      },
    });
    return {
      version: response.version,
      status: response.status,
      headers,
      setCookies: response.setCookies,
      body,
      get trailers(): Fields {
        return response.trailers;
      },
      discard: () => response.discard(),
      url,
    };
  }
}

function redirectOrDiscard(response: HttpClientResponse, from: Parameters<typeof redirected>[2]) {
  try {
    return redirected(response.status, response.headers['location'], from);
  } catch (error) {
    response.discard();
    throw error;
  }
}

/** The connection goes back when the body has been read or given up. */
function released(response: HttpClientResponse, lease: Lease): HttpClientResponse {
  void response.done.then(() => lease.release());
  return response;
}

/** Whether the server had ended the connection before it could see the request, or may not have seen it. */
function isStale(error: RoundhouseError, { isReused }: Lease, mayRepeat: boolean): boolean {
  if (!(error instanceof NetError) || !/^(CONNECTION_LOST|CONNECTION_CLOSED|DRAINING)$/.test(error.code)) return false;
  return error.sent === 'none' || (isReused && mayRepeat);
}

function isStream(body: HttpRequestOptions['body']): boolean {
  return body !== null && body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}

function accepting(headers: FieldValues): FieldValues {
  return { 'accept-encoding': ACCEPTED_ENCODINGS, ...headers };
}

async function* toldAtBegin(parts: AsyncIterable<BodyChunk>, onBegin: () => void): AsyncGenerator<BodyChunk> {
  onBegin();
  yield* parts;
}

function lowerCased(headers: FieldValues): FieldValues {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

function priorityField({ urgency = 3, isIncremental = false }: NonNullable<HttpRequestOptions['priority']>): string {
  return `u=${Math.min(Math.max(Math.trunc(urgency), 0), 7)}${isIncremental ? ', i' : ''}`;
}

type OnProgress = NonNullable<HttpRequestOptions['onProgress']>;

function counted(body: OutgoingRequest['body'], onProgress: OnProgress): OutgoingRequest['body'] {
  if (body === null) return null;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const total = Buffer.byteLength(body);
    onProgress({ direction: 'sent', bytes: total, total });
    return body;
  }
  return (async function* () {
    let bytes = 0;
    for await (const part of body) {
      yield part;
      bytes += Buffer.byteLength(part);
      onProgress({ direction: 'sent', bytes, total: null });
    }
  })();
}

async function* watched(body: IncomingBody, onProgress: OnProgress): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    onProgress({ direction: 'received', bytes, total: body.length });
    yield part;
  }
}
