import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { type BegunOperation, netError, type NetRuntime } from '@roundhouse/net';
import { bodyTooLarge, openStream, StreamBody } from '../body.ts';
import { httpError } from '../errors.ts';
import { joinFields, listOf } from '../fields.ts';
import type { Fields, HttpHandler, HttpResponse } from '../message.ts';
import { problemBody } from '../problem.ts';
import type { AcceptedStream } from './accepted.ts';
import { ServerConnection } from './connection.ts';
import type { HttpSettings } from './options.ts';
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
import { originForm } from './target.ts';

/** Requests of one connection that are under way at a time. */
const MAX_PIPELINED = 16;

const connections = new WeakMap<Duplex, Http1Connection>();

/** Parses HTTP/1.1: one for all connections of a server; it never listens. */
export function createHttp1Engine({ limits, upgrade, upgradeProtocols }: HttpSettings): Server {
  const server = createServer({
    maxHeaderSize: limits.maxHeadBytes,
    // Waits are measured by the clock of the runtime.
    keepAliveTimeout: 0,
    headersTimeout: 0,
    requestTimeout: 0,
    requireHostHeader: true,
    shouldUpgradeCallback: (request) =>
      upgrade !== undefined &&
      listOf(request.headers.upgrade).some((each) => upgradeProtocols.includes(each.toLowerCase())),
  });
  server.timeout = 0;
  // One more, so that too many are refused and not dropped in silence.
  server.maxHeadersCount = limits.maxFields + 1;
  server.maxRequestsPerSocket = limits.maxRequests;
  // A client that has ended its side still wants its answer. Node reads it, its types do not name it.
  Object.assign(server, { httpAllowHalfOpen: true });
  const of = (socket: Duplex): Http1Connection => connections.get(socket) as Http1Connection;
  server.on('request', (request, response) => of(request.socket).serve(request, response));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    of(request.socket).serve(request, response, true),
  );
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    of(request.socket).refuseExpectation(request, response),
  );
  server.on('clientError', (error: Error, socket: Duplex) => connections.get(socket)?.refuse(error));
  server.on('dropRequest', (_request: IncomingMessage, socket: Duplex) => connections.get(socket)?.dropped());
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => of(socket).upgrade(request, head));
  server.on('connect', (request: IncomingMessage, socket: Duplex) => of(socket).refuseConnect(request));
  return server;
}

/** A connection of HTTP/1.1. */
export class Http1Connection extends ServerConnection {
  readonly #stream: Duplex;
  readonly #handler: HttpHandler;
  /** The last that came. */
  #request: IncomingMessage | undefined;
  /** Under way; more than one when the client does not wait for answers (RFC 9112 §9.3.2). */
  readonly #exchanges = new Set<Exchange>();
  /** A refusal has been written, or the stream has another owner: nothing more of HTTP. */
  #isOver = false;

  constructor(
    accepted: AcceptedStream,
    engine: Server,
    handler: HttpHandler,
    settings: HttpSettings,
    runtime: NetRuntime,
    openedInMs: number,
  ) {
    super(accepted, settings, runtime, openedInMs);
    this.#stream = accepted.stream;
    this.#handler = handler;
    connections.set(accepted.stream, this);
    accepted.stream.once('end', () => {
      for (const exchange of this.#exchanges) exchange.abandoned();
    });
    engine.emit('connection', accepted.stream);
  }

  serve(message: IncomingMessage, response: ServerResponse, expectsContinue = false): void {
    // It was parsed together with one that ended the connection.
    if (this.core.state === 'closed') return void response.destroy();
    this.headArrived();
    this.#request = message;
    let headers: Fields;
    let target: string;
    let authority: string;
    try {
      headers = joinFields(message.rawHeaders);
      if (message.rawHeaders.length > this.settings.limits.maxFields * 2) {
        throw httpError('HTTP_HEAD_TOO_LARGE', { details: { limit: this.settings.limits.maxHeadBytes } });
      }
      checkFraming(message, headers);
      ({ target, authority } = originForm(message.method as string, message.url as string, headers));
    } catch (error) {
      this.#refuse(error as RoundhouseError);
      return;
    }
    const operation = this.core.begin(message.method as string, this.core.scope, {
      timeoutMs: Infinity,
      traceparent: headers['traceparent'],
      isAccepted: true,
    });
    const exchange = new Exchange(this, message, response, operation, expectsContinue);
    this.#exchanges.add(exchange);
    // Those that are parsed already are begun; no more are read.
    if (this.#exchanges.size >= MAX_PIPELINED) this.#stream.pause();
    const request = new ReceivedRequest({
      version: message.httpVersionMinor === 0 ? '1.0' : '1.1',
      method: message.method as string,
      target,
      authority,
      headers,
      scope: operation.scope,
      peer: this.core.peer,
      tls: this.core.tls,
      traceparent: operation.traceparent,
      content: exchange,
    });
    try {
      const answer = this.#handler(request, operation.scope);
      if (answer instanceof Promise) {
        answer.then(
          (given) => exchange.answer(given),
          (error: unknown) => exchange.fail(error),
        );
      } else exchange.answer(answer);
    } catch (error) {
      exchange.fail(error);
    }
  }

  refuseExpectation(message: IncomingMessage, response: ServerResponse): void {
    const { expect = '' } = message.headers;
    this.#request = message;
    this.headArrived();
    const body = problemBody(httpError('HTTP_EXPECTATION_FAILED', { details: { expectation: expect } }));
    response.writeHead(417, { 'content-type': 'application/problem+json', connection: 'close' }).end(body);
  }

  /** What arrived is not HTTP, or more of it than is taken. */
  refuse(error: Error & { code?: string }): void {
    if (this.#isOver) return;
    const { code = '' } = error;
    const { maxHeadBytes } = this.settings.limits;
    if (code === 'HPE_HEADER_OVERFLOW') {
      this.#refuse(httpError('HTTP_HEAD_TOO_LARGE', { details: { limit: maxHeadBytes } }));
    } else if (code.startsWith('HPE_')) {
      this.#refuse(httpError('HTTP_REQUEST_INVALID', { details: { reason: error.message }, cause: error }));
    } else this.lost(error);
  }

  /** The last request of a connection was one too many: Node answers it. */
  dropped(): void {
    this.#isOver = true;
  }

  refuseConnect(message: IncomingMessage): void {
    this.#request = message;
    const details = { path: message.url, method: 'CONNECT' };
    this.#refuse(httpError('HTTP_METHOD_NOT_ALLOWED', { details }));
  }

  upgrade(message: IncomingMessage, head: Buffer): void {
    if (this.core.state === 'closed') return void this.#stream.destroy();
    this.headArrived();
    this.#request = message;
    this.#isOver = true;
    const stream = this.#stream;
    stream.on('error', (error) => this.lost(error));
    const operation = this.core.begin('UPGRADE', this.core.scope, { timeoutMs: Infinity, isAccepted: true });
    stream.once('close', () => operation.end());
    try {
      const headers = joinFields(message.rawHeaders);
      const { target, authority } = originForm(message.method as string, message.url as string, headers);
      const request = new ReceivedRequest({
        version: '1.1',
        method: message.method as string,
        target,
        authority,
        headers,
        scope: operation.scope,
        peer: this.core.peer,
        tls: this.core.tls,
        traceparent: operation.traceparent,
        content: NO_CONTENT(operation, this.settings.limits.maxBodyBytes),
      });
      if (this.settings.upgrade?.(request, stream, head, operation.scope, this.whenDraining) === true) return;
      this.#isOver = false;
      this.#refuse(httpError('HTTP_ROUTE_NOT_FOUND', { details: { path: request.path } }));
    } catch (error) {
      this.#isOver = false;
      this.#refuse(failureOf(error).failure);
    }
  }

  /** The response of an exchange has gone, or cannot go any more. */
  over(exchange: Exchange): void {
    if (this.#exchanges.size >= MAX_PIPELINED) this.#stream.resume();
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size === 0 && !this.#isOver) this.headExpected();
  }

  override check(now: number): void {
    const { requestMs, idleMs } = this.settings.timeouts;
    for (const exchange of this.#exchanges) {
      if (exchange.isAnswered || now - exchange.operation.startedAt < requestMs) continue;
      exchange.fail(httpError('HTTP_NO_ANSWER', { details: { timeout_ms: requestMs } }));
    }
    // Those behind it wait for their turn.
    const [first] = this.#exchanges;
    first?.checkLeaving(now, idleMs);
    super.check(now);
  }

  protected override get isTakingBody(): boolean {
    return this.#request?.complete === false;
  }

  protected override drainBegins(): void {
    // Answers say so from now on.
  }

  protected override headLate(): void {
    this.#refuse(httpError('HTTP_HEAD_TIMEOUT'));
  }

  protected override sayGoodBye(): Promise<void> {
    return this.#endPolitely();
  }

  /** Answers what is no request, and ends the connection: where the next one would begin is not known. */
  #refuse(error: RoundhouseError): void {
    const stream = this.#stream;
    if (this.#isOver || stream.destroyed) return;
    this.#isOver = true;
    this.refused(error);
    for (const exchange of this.#exchanges) exchange.giveUp(error);
    // With an answer begun, or others to come before this one, it would be taken for a part of those.
    if (this.#exchanges.size > 1 || [...this.#exchanges].some(({ hasBegun }) => hasBegun) || !stream.writable) {
      stream.destroy();
      return;
    }
    const body = problemBody(error);
    stream.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
        `date: ${new Date(this.runtime.clock.now()).toUTCString()}\r\n` +
        `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `connection: close\r\n\r\n${this.#request?.method === 'HEAD' ? '' : body}`,
    );
    void this.#endPolitely();
  }

  /**
   * Ends this side and takes what still comes for a moment: to close with bytes unread would reset the connection, and
   * the client would lose what it was told (RFC 9112 §9.6).
   */
  async #endPolitely(): Promise<void> {
    const stream = this.#stream;
    this.#isOver = true;
    if (stream.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.runtime.clock.setTimer(LINGER_MS, resolve);
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.end();
    stream.resume();
    await promise;
    timer.cancel();
    stream.destroy();
  }
}

/** A body whose length cannot be known makes of what follows whatever somebody wants. RFC 9112 §6.1, §6.3. */
function checkFraming({ httpVersion, httpVersionMinor }: IncomingMessage, headers: Fields): void {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw httpError('HTTP_REQUEST_INVALID', { details: { reason: 'it names no version that is known' } });
  }
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return;
  if (httpVersionMinor === 0) {
    throw httpError('HTTP_REQUEST_INVALID', { details: { reason: 'HTTP/1.0 knows no Transfer-Encoding' } });
  }
  if (coding.toLowerCase() !== 'chunked') throw httpError('HTTP_CODING_UNKNOWN', { details: { coding } });
}

/** How long an ended connection is read from, ms. */
const LINGER_MS = 500;

const NO_CONTENT = (operation: BegunOperation, maxBytes: number): RequestContent => ({
  body: () =>
    new StreamBody({
      open: undefined,
      length: null,
      maxBytes,
      scope: operation.scope,
      tooLarge: bodyTooLarge,
    }),
  trailers: () => ({}),
});

/** A request of HTTP/1.1 and its answer. */
class Exchange implements RequestContent, Leaving {
  readonly operation: BegunOperation;
  readonly #connection: Http1Connection;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #expectsContinue: boolean;
  isAnswered = false;
  leavingSince: number | undefined;

  constructor(
    connection: Http1Connection,
    message: IncomingMessage,
    response: ServerResponse,
    operation: BegunOperation,
    expectsContinue: boolean,
  ) {
    this.operation = operation;
    this.#connection = connection;
    this.#message = message;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    response.on('close', () => this.#closed());
  }

  /** Whether the first byte of the answer has gone. */
  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  body(headers: Fields): StreamBody {
    const length = lengthOf(headers);
    const hasBody = length !== null ? length > 0 : headers['transfer-encoding'] !== undefined;
    const open = openStream(this.#message);
    return new StreamBody({
      open: !hasBody
        ? undefined
        : () => {
            this.#goOn();
            return open();
          },
      length,
      maxBytes: this.#connection.settings.limits.maxBodyBytes,
      scope: this.operation.scope,
      tooLarge: bodyTooLarge,
    });
  }

  trailers(): Fields {
    return joinFields(this.#message.rawTrailers);
  }

  answer(answer: HttpResponse): void {
    if (this.isAnswered) return drop(answer.body);
    this.isAnswered = true;
    const response = this.#response;
    if (response.destroyed) return drop(answer.body);
    try {
      this.#send(answer, response);
    } catch (error) {
      if (response.headersSent) this.#cut(error);
      else this.#refuse(error);
    }
  }

  fail(error: unknown): void {
    if (this.isAnswered) {
      this.#cut(error);
      return;
    }
    const { failure, response } = failureOf(error);
    this.#connection.failed(failure, this.#message.method as string, this.#message.url as string);
    this.operation.fail(failure);
    this.answer(response);
  }

  /** Another answer has been given in its place. */
  giveUp(error: RoundhouseError): void {
    this.isAnswered = true;
    this.operation.fail(error);
  }

  /**
   * The client has ended its side. Mostly it has left, so the work is given up; one that only says that nothing more
   * comes gets an answer in one piece all the same.
   */
  abandoned(): void {
    if (this.#response.writableEnded) return;
    const { peer } = this.#connection;
    this.operation.fail(netError('CONNECTION_CLOSED', { protocol: 'http', phase: 'request', peer }));
  }

  #send(answer: HttpResponse, response: ServerResponse): void {
    const { status, headers, body = null } = answer;
    const isHead = this.#message.method === 'HEAD';
    const hasNone = isBodiless(status);
    const head: (string | string[])[] = [];
    let isFramed = hasNone;
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined || name === 'connection' || name === 'transfer-encoding') continue;
      if (name === 'content-length') {
        if (hasNone && status !== 304) continue;
        isFramed = true;
      }
      head.push(name, typeof value === 'string' ? value : typeof value === 'number' ? String(value) : [...value]);
    }
    const length = lengthOfWhole(body);
    if (length !== undefined && !isFramed && answer.trailers === undefined) {
      head.push('content-length', String(length));
    }
    if (this.#mustClose()) head.push('connection', 'close');
    response.writeHead(status, head as string[]);
    if (hasNone || isHead || body === null) {
      drop(body);
      response.end();
    } else if (isSmall(body)) {
      this.#trail(answer, response);
      endWith(response, body, length);
    } else void this.#sendParts(partsOf(body), answer, response);
  }

  /** An answer that the client does not take ends the connection. */
  checkLeaving(now: number, idleMs: number): void {
    if (isStuck(this, this.#response, now, idleMs)) this.#cut(notTaken(this.#connection.peer, idleMs));
  }

  async #sendParts(body: AsyncIterable<Uint8Array | string>, answer: HttpResponse, response: ServerResponse) {
    const { runtime, settings, peer } = this.#connection;
    const stall = { clock: runtime.clock, idleMs: settings.timeouts.idleMs, peer };
    try {
      // The client is to know at once that its answer begins.
      response.flushHeaders();
      await writeParts(body, response, stall, this.operation.scope);
      this.#trail(answer, response);
      response.end();
    } catch (error) {
      this.#cut(error);
    }
  }

  #trail(answer: HttpResponse, response: ServerResponse): void {
    const trailers = answer.trailers?.();
    if (trailers === undefined || this.#message.httpVersionMinor === 0) return;
    const lines = Object.entries(trailers).filter(([, value]) => value !== undefined);
    response.addTrailers(lines.map(([name, value]) => [name, String(value)] as [string, string]));
  }

  /** The next request could not be told from what is left of this one, or there is to be none. */
  #mustClose(): boolean {
    if (this.#connection.state !== 'open') return true;
    // Expected to wait for "100 Continue", which it did not get: what comes next is the body or another request.
    return this.#expectsContinue && !this.#message.complete;
  }

  #goOn(): void {
    if (!this.#expectsContinue || this.#response.headersSent) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }

  /** The answer cannot be sent as it is. */
  #refuse(error: unknown): void {
    const { failure } = failureOf(error);
    this.#connection.failed(failure, this.#message.method as string, this.#message.url as string);
    this.operation.fail(failure);
    this.#response.writeHead(500, { 'content-length': '0', connection: 'close' }).end();
  }

  /** What has been sent of the answer is all there is: the client sees that it is not whole. */
  #cut(error: unknown): void {
    this.operation.fail(isRoundhouseError(error) ? error : failureOf(error).failure);
    if (!isRoundhouseError(error)) {
      this.#connection.failed(failureOf(error).failure, this.#message.method as string, this.#message.url as string);
    }
    this.#response.destroy();
  }

  #closed(): void {
    // Node takes what is left of a body that nobody has read, and not of one that was read in part.
    if (!this.#message.complete) this.#message.resume();
    if (this.#response.writableFinished) this.operation.end();
    else {
      const { peer } = this.#connection;
      this.operation.fail(netError('CONNECTION_CLOSED', { protocol: 'http', phase: 'write', peer, sent: 'maybe' }));
    }
    this.#connection.over(this);
  }
}
