import type { Scope } from '@roundhouse/core';
import type { TlsInfo } from '@roundhouse/net';

export type HttpVersion = '1.0' | '1.1' | '2';

/** Fields that were received: names in lower case; several of one name are joined by a comma (RFC 9110 §5.3). */
export type Fields = Readonly<Record<string, string>>;

/** Fields to send. Several values are several lines; undefined is left out. */
export type FieldValues = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A body that is being received; it can be read once. Whoever does not read holds the sender back. */
export interface IncomingBody extends AsyncIterable<Uint8Array> {
  /** What Content-Length said; null when it did not. */
  readonly length: number | null;
  /** Bytes that may come. A route may set it before the body is read. */
  maxBytes: number;
  /**
   * The whole body. Rejects with HTTP_BODY_TOO_LARGE beyond `maxBytes` (default: that of the body), HTTP_BODY_INCOMPLETE
   * when the other side leaves in the middle, or the reason of the request's scope.
   */
  bytes(maxBytes?: number): Promise<Uint8Array>;
  /** The whole body as UTF-8; HTTP_BODY_INVALID when it is not that. */
  text(maxBytes?: number): Promise<string>;
  /** The whole body as JSON; HTTP_BODY_INVALID when it is not that. */
  json(maxBytes?: number): Promise<unknown>;
}

/** A request that a server has received, of whatever version. */
export interface HttpRequest {
  readonly version: HttpVersion;
  readonly method: string;
  /** As it was sent: a path with its query, or `*`. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
  /** Host and port as the client named them; empty in a request of HTTP/1.0 without them. */
  readonly authority: string;
  /** Of the target, as it was sent: not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the pattern of the route named, decoded. */
  readonly params: Fields;
  readonly headers: Fields;
  readonly body: IncomingBody;
  /** Fields behind the body; there when the body has been read. */
  readonly trailers: Fields;
  /** Of an extended CONNECT (RFC 8441 §4), e.g. `websocket`. */
  readonly protocol: string | undefined;
  /** `host:port` of the other end of the connection, which may be a proxy. */
  readonly peer: string;
  readonly tls: TlsInfo | null;
  /** For requests that go on from here (W3C Trace Context). */
  readonly traceparent: string | undefined;
  /** What middleware has found out. */
  readonly notes: Notes;
}

/** Typed notes on a request. */
export interface Notes {
  get<T>(note: Note<T>): T | undefined;
  set<T>(note: Note<T>, value: T): void;
}

/** The key of a note; each is its own, whatever its name. */
export interface Note<T> {
  readonly name: string;
  /** Only for the compiler. */
  readonly type?: T;
}

export type BodyChunk = Uint8Array | string;
/** What a response carries. Parts are sent as the client takes them. */
export type OutgoingBody = BodyChunk | AsyncIterable<BodyChunk> | null;

export interface HttpResponse {
  readonly status: number;
  readonly headers?: FieldValues;
  /** Default: none. A body in parts is asked for its next one when the client has taken the last. */
  readonly body?: OutgoingBody;
  /** Asked for when the body has been sent. */
  readonly trailers?: () => FieldValues;
}

/** Answers a request. The scope ends with the answer, with the connection, and when the client gives up. */
export type HttpHandler = (request: HttpRequest, scope: Scope) => HttpResponse | Promise<HttpResponse>;

/** Stands around a handler. */
export type Middleware = (next: HttpHandler) => HttpHandler;

/** Puts middleware around a handler; the first is the outermost. */
export function compose(middleware: readonly Middleware[], handler: HttpHandler): HttpHandler {
  return middleware.reduceRight((next, each) => each(next), handler);
}

/** Changes a response that may be one to come. */
export function afterwards(
  response: HttpResponse | Promise<HttpResponse>,
  change: (response: HttpResponse) => HttpResponse,
): HttpResponse | Promise<HttpResponse> {
  return response instanceof Promise ? response.then(change) : change(response);
}

/** With fields added or replaced; names in lower case. */
export function withHeaders(response: HttpResponse, headers: FieldValues): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** A JSON response. */
export function json(value: unknown, status = 200, headers: FieldValues = {}): HttpResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** A response of plain text. */
export function text(body: string, status = 200, headers: FieldValues = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}
