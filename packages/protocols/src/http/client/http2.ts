import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Socket } from 'node:net';
import type { RoundhouseError, Scope, Timer } from '@roundhouse/core';
import { CoreSession, netError, type NetRuntime, SessionCore } from '@roundhouse/net';
import { writeParts } from '../server/outgoing.ts';
import { Arrival } from './arrival.ts';
import type { HttpClientResponse, HttpConnection, OutgoingRequest } from './contract.ts';
import { type ConnectionInit, cutShort, split } from './http1.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = constants;
/** Streams at a time, whatever more a server allows. */
const MAX_STREAMS = 100;
/** A connection with work on it is asked for a sign of life this often, ms. */
const PING_INTERVAL_MS = 15_000;
/** Bytes that may come of one response before they are taken, and of all together (RFC 9113 §5.2). */
const WINDOW_BYTES = 262_144;
const CONNECTION_WINDOW_BYTES = 1_048_576;
/** Fields that belong to a connection of HTTP/1.1. RFC 9113 §8.2.2. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
]);

/** Takes a stream over for HTTP/2; resolves when the server has spoken (its SETTINGS, RFC 9113 §3.4). */
export async function openHttp2(init: ConnectionInit, scope: Scope): Promise<HttpConnection> {
  const { dialled, scheme, authority, timeouts, maxHeadBytes } = init;
  const { peer, stream } = dialled;
  const session = connect(`${scheme}://${authority}`, {
    createConnection: () => stream,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES, maxHeaderListSize: maxHeadBytes },
    maxSettings: 32,
  });
  session.on('error', () => {});
  stream.on('error', () => {});
  // It takes the handle of a socket as it is, and one that was dialled does not read yet.
  if (stream instanceof Socket && dialled.tls === null) stream.resume();
  using greeting = scope.child({ what: 'The settings of HTTP/2', timeoutMs: timeouts.greetingMs });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refuse = (error?: Error): void => {
    const details = { reason: error?.message ?? 'it ended the connection before its settings' };
    reject(netError('PROTOCOL_VIOLATION', { protocol: 'http', phase: 'negotiate', peer, details, cause: error }));
  };
  session
    .once('remoteSettings', () => resolve())
    .once('error', refuse)
    .once('close', refuse);
  try {
    await greeting.race(promise);
  } catch (error) {
    session.destroy();
    stream.destroy();
    throw endedWhileGreeting(error as RoundhouseError, peer);
  }
  if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  return new Http2Connection(init, session);
}

function endedWhileGreeting(error: RoundhouseError, peer: string): RoundhouseError {
  if (error.code !== 'DEADLINE_EXCEEDED') return error;
  return netError('TIMEOUT', { protocol: 'http', phase: 'negotiate', peer, details: error.details, cause: error });
}

class Http2Connection extends CoreSession implements HttpConnection {
  readonly version = '2';
  readonly #init: ConnectionInit;
  readonly #session: ClientHttp2Session;
  /** Responses that are waited for. */
  readonly #arrivals = new Map<ClientHttp2Stream, Arrival>();
  #isLeaving = false;
  #ping: Timer | undefined;

  constructor(init: ConnectionInit, session: ClientHttp2Session) {
    const { dialled, runtime, timeouts, openedInMs } = init;
    super(
      new SessionCore({
        protocol: 'http',
        role: 'client',
        peer: dialled.peer,
        tls: dialled.tls,
        runtime,
        timeouts,
        openedInMs,
        destroy: () => {
          this.#ping?.cancel();
          session.destroy();
          dialled.stream.destroy();
        },
        goodBye: (scope) => scope.race(closed(session)),
        isExclusive: false,
      }),
    );
    this.#init = init;
    this.#session = session;
    session.on('goaway', (_code: number, lastStream: number) => {
      this.#isLeaving = true;
      // RFC 9113 §6.8: whatever the reason, nothing was done for those behind the last.
      for (const [{ id }, arrival] of this.#arrivals) {
        if (id !== undefined && id > lastStream) arrival.fail(this.#reset(NGHTTP2_REFUSED_STREAM));
      }
      if (this.core.inFlight === 0) void this.core.drain();
    });
    session.on('error', (error: Error) => this.core.lost(this.#lost(error)));
    session.on('close', () => this.core.lost(cutShort(this.core)));
    // A server that has ended its side answers nothing any more.
    dialled.stream.once('end', () => this.core.lost(cutShort(this.core)));
  }

  get capacity(): number {
    return Math.min(this.#session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS);
  }

  get isUsable(): boolean {
    return this.core.state === 'open' && !this.#isLeaving && !this.#session.closed && !this.#session.destroyed;
  }

  async request(request: OutgoingRequest, scope: Scope): Promise<HttpClientResponse> {
    const { runtime, timeouts } = this.#init;
    const { peer } = this.core;
    if (this.#isLeaving) throw netError('DRAINING', { protocol: 'http', phase: 'request', peer });
    const operation = this.core.begin(request.method, scope, {
      ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
      traceparent: request.traceparent,
    });
    let stream: ClientHttp2Stream | undefined;
    const arrival = new Arrival({
      version: '2',
      peer,
      operation,
      runtime,
      idleMs: timeouts.idleMs,
      maxBodyBytes: request.maxBodyBytes,
      isHead: request.method === 'HEAD',
      source: {
        pause: () => stream?.pause(),
        resume: () => stream?.resume(),
        abandon: () => stream?.close(NGHTTP2_CANCEL),
      },
    });
    operation.sent('maybe');
    try {
      stream = this.#session.request(fieldsOf(request, operation.traceparent), { endStream: request.body === null });
      this.#listen(stream, arrival);
      if (request.body !== null) this.#send(request.body, stream, arrival, operation.scope);
      if (request.timeoutMs === Infinity) stream.once('finish', () => arrival.expectHead());
      this.#watch(runtime);
    } catch (error) {
      arrival.fail(this.#lost(error as Error));
    }
    return arrival.head;
  }

  #listen(stream: ClientHttp2Stream, arrival: Arrival): void {
    let trailers = {};
    this.#arrivals.set(stream, arrival);
    stream.on('response', (received) => {
      arrival.begin(Number(received[':status']), ...split(received as Parameters<typeof split>[0]));
    });
    stream.on('data', (part: Uint8Array) => arrival.push(part));
    stream.on('trailers', (received) => void (trailers = split(received as Parameters<typeof split>[0])[0]));
    let failure: Error | undefined;
    stream.on('error', (error: Error) => void (failure = error));
    // A server may answer before it has the whole request, and wants no more of it then. RFC 9113 §8.1.
    stream.on('end', () => {
      if (arrival.status !== 0 && !stream.writableEnded) stream.close(NGHTTP2_NO_ERROR);
    });
    stream.on('close', () => {
      this.#arrivals.delete(stream);
      const { rstCode } = stream;
      if (rstCode === NGHTTP2_NO_ERROR && arrival.status !== 0 && stream.readableEnded) arrival.end(trailers);
      else if (failure !== undefined && isViolation(failure)) arrival.fail(this.#lost(failure));
      else arrival.fail(this.#reset(rstCode));
      if (this.#isLeaving && this.core.inFlight === 0) void this.core.drain();
    });
  }

  #send(body: NonNullable<OutgoingRequest['body']>, stream: ClientHttp2Stream, arrival: Arrival, scope: Scope): void {
    if (typeof body === 'string' || body instanceof Uint8Array) {
      stream.end(body);
      return;
    }
    const { runtime, timeouts } = this.#init;
    const stall = { clock: runtime.clock, idleMs: timeouts.idleMs, peer: this.core.peer };
    writeParts(body, stream, stall, scope).then(
      () => stream.end(),
      (error: unknown) => arrival.fail(error),
    );
  }

  /** While there is work the server is asked now and then whether it is there. */
  #watch({ clock }: Pick<NetRuntime, 'clock'>): void {
    if (this.#ping !== undefined) return;
    const { timeouts } = this.#init;
    this.#ping = clock.setTimer(PING_INTERVAL_MS, () => {
      this.#ping = undefined;
      if (this.core.inFlight === 0 || this.core.state === 'closed') return;
      const details = { timeout_ms: timeouts.greetingMs };
      const { peer } = this.core;
      const late = clock.setTimer(timeouts.greetingMs, () =>
        this.core.lost(netError('TIMEOUT', { protocol: 'http', phase: 'read', peer, sent: 'maybe', details })),
      );
      const leave = this.core.scope.onEnd(() => late.cancel());
      this.#session.ping(() => {
        late.cancel();
        leave();
        if (this.core.inFlight > 0) this.#watch({ clock });
      });
    });
  }

  #lost(cause: Error): RoundhouseError {
    const details = { reason: cause.message };
    const { peer } = this.core;
    const code = isViolation(cause) ? 'PROTOCOL_VIOLATION' : 'CONNECTION_LOST';
    return netError(code, { protocol: 'http', phase: 'read', peer, sent: 'maybe', details, cause });
  }

  /** The server has refused the stream before it did anything for it (RFC 9113 §8.7), or it broke. */
  #reset(code: number): RoundhouseError {
    const { peer } = this.core;
    const isUntouched = code === NGHTTP2_REFUSED_STREAM;
    const reason = isUntouched ? 'it did not begin with the request' : `the stream was reset with code ${code}`;
    const sent = isUntouched ? 'none' : 'maybe';
    return netError('CONNECTION_LOST', { protocol: 'http', phase: 'request', peer, sent, details: { reason } });
  }
}

/** Whether nghttp2 could make nothing of what the server sent: it says so of the session, and so of its streams. */
function isViolation(error: Error & { readonly code?: string }): boolean {
  const { code, cause } = error;
  return code === 'ERR_HTTP2_ERROR' || (cause instanceof Error && isViolation(cause));
}

function fieldsOf(request: OutgoingRequest, traceparent: string | undefined): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {
    ':method': request.method,
    ':scheme': request.scheme,
    ':authority': request.authority,
    ':path': request.target,
  };
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || CONNECTION_FIELDS.has(name)) continue;
    fields[name] = typeof value === 'object' ? [...value] : value;
  }
  if (traceparent !== undefined) fields['traceparent'] = traceparent;
  return fields;
}

function closed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed) resolve();
    else session.close(resolve);
  });
}
