import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { type BegunOperation, netError, type NetRuntime } from '@roundhouse/net';
import { bodyTooLarge, openStream, StreamBody } from '../body.ts';
import { httpError } from '../errors.ts';
import { plainFields } from '../fields.ts';
import type { Fields, HttpHandler, HttpResponse } from '../message.ts';
import type { AcceptedStream } from './accepted.ts';
import { ServerConnection } from './connection.ts';
import type { HttpLimits, HttpSettings } from './options.ts';
import {
  drop,
  endWith,
  failureOf,
  isBodiless,
  isSmall,
  isStuck,
  type Leaving,
  lengthOfWhole,
  notTaken,
  partsOf,
  writeParts,
} from './outgoing.ts';
import { lengthOf, ReceivedRequest, type RequestContent } from './request.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
/** Of a first GOAWAY: streams that are on their way are still taken. RFC 9113 §6.8. */
const LAST_STREAM_ID = 2 ** 31 - 1;
const EMPTY = Buffer.alloc(0);
/** Fields that belong to a connection of HTTP/1.1. RFC 9113 §8.2.2. */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
/** Bytes that a client may send of a body before it is taken, and of all together (RFC 9113 §5.2). */
const WINDOW_BYTES = 262_144;
const CONNECTION_WINDOW_BYTES = 1_048_576;

function sessionOptions(limits: HttpLimits, hasUpgrade: boolean) {
  return {
    settings: {
      maxConcurrentStreams: limits.maxStreams,
      maxHeaderListSize: limits.maxHeadBytes,
      initialWindowSize: WINDOW_BYTES,
      enablePush: false,
      enableConnectProtocol: hasUpgrade,
    },
    // Pseudo fields are counted with the others.
    maxHeaderListPairs: limits.maxFields + 5,
    maxSessionInvalidFrames: limits.maxInvalidFrames,
    maxSessionRejectedStreams: limits.maxResets,
    streamResetBurst: limits.maxResets,
    streamResetRate: limits.maxResetsPerSecond,
    maxSettings: 32,
    maxOutstandingPings: 10,
  };
}

/** A connection of HTTP/2. */
export class Http2Connection extends ServerConnection {
  readonly #session: ServerHttp2Session;
  readonly #handler: HttpHandler;
  /** Of the exchanges under way: a list, for a Set is made anew again and again by so many that come and go. */
  #latest: Exchange | undefined;
  #streams = 0;

  constructor(
    accepted: AcceptedStream,
    handler: HttpHandler,
    settings: HttpSettings,
    runtime: NetRuntime,
    openedInMs: number,
  ) {
    super(accepted, settings, runtime, openedInMs);
    this.#handler = handler;
    const options = sessionOptions(settings.limits, settings.upgrade !== undefined);
    const session = performServerHandshake(accepted.stream, options);
    this.#session = session;
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on('stream', (stream, headers) => this.#serve(stream, headers));
    session.on('error', (error: Error) => this.lost(error));
    session.on('close', () => this.core.lost());
    // Whoever has ended its side cannot acknowledge anything any more.
    accepted.stream.once('end', () => this.core.lost());
  }

  override check(now: number): void {
    const { requestMs, idleMs } = this.settings.timeouts;
    for (let exchange = this.#latest, next; exchange !== undefined; exchange = next) {
      next = exchange.before;
      exchange.checkLeaving(now, idleMs);
      if (exchange.isAnswered || now - exchange.operation.startedAt < requestMs) continue;
      exchange.fail(httpError('HTTP_NO_ANSWER', { details: { timeout_ms: requestMs } }));
    }
    super.check(now);
  }

  over(exchange: Exchange): void {
    const { before, after } = exchange;
    if (before !== undefined) before.after = after;
    if (after === undefined) this.#latest = before;
    else after.before = before;
    exchange.before = exchange.after = undefined;
    if (this.#latest === undefined) this.headExpected();
  }

  protected override get isTakingBody(): boolean {
    return false;
  }

  protected override headLate(): void {
    this.#session.destroy(undefined, NGHTTP2_ENHANCE_YOUR_CALM);
  }

  protected override drainBegins(): void {
    if (!this.#session.destroyed) this.#session.goaway(NGHTTP2_NO_ERROR, LAST_STREAM_ID);
  }

  protected override async sayGoodBye(scope: Scope): Promise<void> {
    const session = this.#session;
    if (session.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    session.once('close', resolve);
    // What the client sent before it knew has arrived when its answer to this is here.
    const isAsked = session.ping(() => {
      if (!session.destroyed) session.close();
    });
    if (!isAsked) session.close();
    await scope.race(promise);
  }

  #serve(stream: ServerHttp2Stream, received: IncomingHttpHeaders): void {
    stream.on('error', ignore);
    if (this.core.state === 'closed') {
      // It came with the end of the connection, and is told behind it.
      stream.destroy();
      return;
    }
    this.headArrived();
    this.#streams += 1;
    const { maxRequests } = this.settings.limits;
    if (this.#streams > maxRequests) {
      stream.close(NGHTTP2_REFUSED_STREAM);
      return;
    }
    const method = received[':method'] as string;
    const operation = this.core.begin(method, this.core.scope, {
      timeoutMs: Infinity,
      traceparent: received['traceparent'] as string | undefined,
      isAccepted: true,
    });
    const exchange = new Exchange(this, stream, method, operation);
    exchange.before = this.#latest;
    if (this.#latest !== undefined) this.#latest.after = exchange;
    this.#latest = exchange;
    if (this.#streams === maxRequests) void this.core.drain();
    const request = this.#requestOf(received, operation, exchange);
    if (request === undefined) {
      exchange.fail(httpError('HTTP_REQUEST_INVALID', { details: { reason: 'its target or authority is none' } }));
      return;
    }
    if (method === 'CONNECT') this.#upgrade(request, stream, exchange);
    else exchange.run(this.#handler, request);
  }

  #requestOf(
    received: IncomingHttpHeaders,
    operation: BegunOperation,
    content: RequestContent,
  ): ReceivedRequest | undefined {
    const { ':path': target = '', ':authority': named, ':protocol': protocol } = received as Record<string, string>;
    const authority = named ?? received.host ?? '';
    const method = received[':method'] as string;
    // nghttp2 has checked the characters; not that they agree.
    if (named !== undefined && received.host !== undefined && named !== received.host) return undefined;
    if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS') && method !== 'CONNECT') return undefined;
    return new ReceivedRequest({
      version: '2',
      method,
      target,
      authority,
      headers: plainFields(received as Record<string, string | string[] | undefined>),
      scope: operation.scope,
      peer: this.core.peer,
      tls: this.core.tls,
      traceparent: operation.traceparent,
      protocol,
      content,
    });
  }

  #upgrade(request: ReceivedRequest, stream: ServerHttp2Stream, exchange: Exchange): void {
    const { upgrade, upgradeProtocols } = this.settings;
    const { protocol } = request;
    if (upgrade === undefined || protocol === undefined || !upgradeProtocols.includes(protocol)) {
      exchange.fail(httpError('HTTP_METHOD_NOT_ALLOWED', { details: { path: request.path, method: 'CONNECT' } }));
      return;
    }
    try {
      // Whatever it does with the stream, its end is the end of the operation.
      const { scope } = exchange.operation;
      if (upgrade(request, stream, EMPTY, scope, this.whenDraining)) exchange.isAnswered = true;
      else exchange.fail(httpError('HTTP_ROUTE_NOT_FOUND', { details: { path: request.path } }));
    } catch (error) {
      exchange.fail(error);
    }
  }
}

const ignore = (): void => {};

/** A stream: a request and its answer. */
class Exchange implements RequestContent, Leaving {
  readonly operation: BegunOperation;
  /** Among those of its connection that are under way. */
  before: Exchange | undefined;
  after: Exchange | undefined;
  isAnswered = false;
  leavingSince: number | undefined;
  readonly #connection: Http2Connection;
  readonly #stream: ServerHttp2Stream;
  readonly #method: string;
  #trailers: Fields = {};

  constructor(connection: Http2Connection, stream: ServerHttp2Stream, method: string, operation: BegunOperation) {
    this.operation = operation;
    this.#connection = connection;
    this.#stream = stream;
    this.#method = method;
    stream.on('close', this.#onClose);
  }

  run(handler: HttpHandler, request: ReceivedRequest): void {
    try {
      const answer = handler(request, this.operation.scope);
      if (answer instanceof Promise) {
        answer.then(
          (given) => this.answer(given),
          (error: unknown) => this.fail(error),
        );
      } else this.answer(answer);
    } catch (error) {
      this.fail(error);
    }
  }

  body(headers: Fields): StreamBody {
    const stream = this.#stream;
    stream.on('trailers', (trailers) => {
      this.#trailers = plainFields(trailers as Record<string, string | string[] | undefined>);
    });
    const open = openStream(stream);
    const expectsContinue = headers['expect']?.toLowerCase() === '100-continue';
    return new StreamBody({
      open: stream.endAfterHeaders
        ? undefined
        : () => {
            if (expectsContinue && !stream.headersSent) stream.additionalHeaders({ ':status': 100 });
            return open();
          },
      length: lengthOf(headers),
      maxBytes: this.#connection.settings.limits.maxBodyBytes,
      scope: this.operation.scope,
      tooLarge: bodyTooLarge,
    });
  }

  trailers(): Fields {
    return this.#trailers;
  }

  answer(answer: HttpResponse): void {
    if (this.isAnswered) return drop(answer.body);
    this.isAnswered = true;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return drop(answer.body);
    try {
      this.#send(answer, stream);
    } catch (error) {
      this.#cut(error);
    }
  }

  fail(error: unknown): void {
    if (this.isAnswered) {
      this.#cut(error);
      return;
    }
    const { failure, response } = failureOf(error);
    this.#connection.failed(failure, this.#method, '');
    this.operation.fail(failure);
    this.answer(response);
  }

  #send(answer: HttpResponse, stream: ServerHttp2Stream): void {
    const { status, headers, body = null } = answer;
    const hasNone = isBodiless(status);
    // Names and values in turn: of an object Node would make another first.
    const head = [':status', String(status)];
    let isFramed = hasNone;
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined || CONNECTION_FIELDS.has(name)) continue;
      if (name === 'content-length') {
        if (hasNone && status !== 304) continue;
        isFramed = true;
      }
      if (typeof value === 'object') for (const each of value) head.push(name, each);
      else head.push(name, String(value));
    }
    const length = lengthOfWhole(body);
    if (length !== undefined && !isFramed) head.push('content-length', String(length));
    if (hasNone || this.#method === 'HEAD' || body === null) {
      drop(body);
      stream.respond(head, { endStream: true });
      return;
    }
    const { trailers } = answer;
    if (trailers === undefined) stream.respond(head);
    else {
      stream.respond(head, { waitForTrailers: true });
      stream.once('wantTrailers', () => this.#trail(trailers()));
    }
    if (isSmall(body)) endWith(stream, body, length);
    else void this.#sendParts(partsOf(body));
  }

  /** An answer that the client does not take is cut. */
  checkLeaving(now: number, idleMs: number): void {
    if (isStuck(this, this.#stream, now, idleMs)) this.#cut(notTaken(this.#connection.peer, idleMs));
  }

  async #sendParts(body: AsyncIterable<Uint8Array | string>): Promise<void> {
    const { runtime, settings, peer } = this.#connection;
    const stall = { clock: runtime.clock, idleMs: settings.timeouts.idleMs, peer };
    try {
      await writeParts(body, this.#stream, stall, this.operation.scope);
      this.#stream.end();
    } catch (error) {
      this.#cut(error);
    }
  }

  #trail(trailers: Record<string, unknown>): void {
    const sent = Object.entries(trailers).filter(([, value]) => value !== undefined);
    this.#stream.sendTrailers(Object.fromEntries(sent) as OutgoingHttpHeaders);
    this.#wantsNoMore();
  }

  /** The answer is complete: a client that still sends its request is told that nobody reads it. RFC 9113 §8.1. */
  #wantsNoMore(): void {
    if (!this.#stream.readableEnded) setImmediate(() => this.#stream.close(NGHTTP2_NO_ERROR));
  }

  #cut(error: unknown): void {
    const { failure } = failureOf(error);
    this.operation.fail(failure);
    if (!isRoundhouseError(error)) this.#connection.failed(failure, this.#method, '');
    this.#stream.close(NGHTTP2_INTERNAL_ERROR);
  }

  readonly #onClose = (): void => {
    const { rstCode } = this.#stream;
    if (rstCode === NGHTTP2_NO_ERROR && this.#stream.writableFinished) this.operation.end();
    else this.operation.fail(this.#resetBy(rstCode));
    this.#connection.over(this);
  };

  #resetBy(code: number): RoundhouseError {
    const { peer } = this.#connection;
    const details = { reason: `the stream was reset with code ${code}` };
    return netError('CONNECTION_LOST', { protocol: 'http', phase: 'write', peer, sent: 'maybe', details });
  }
}
