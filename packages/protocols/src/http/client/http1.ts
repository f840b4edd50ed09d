import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import {
  CoreSession,
  type DialledStream,
  netError,
  type NetErrorCode,
  type NetRuntime,
  SessionCore,
  type Timeouts,
} from '@roundhouse/net';
import type { Client, Dispatcher } from 'undici';
import type { Fields } from '../message.ts';
import { Arrival } from './arrival.ts';
import { emptyFields } from '../fields.ts';
import type { HttpClientResponse, HttpConnection, OutgoingRequest } from './contract.ts';

export interface ConnectionInit {
  readonly dialled: DialledStream;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly maxHeadBytes: number;
  readonly openedInMs: number;
}

/** Takes a stream over for HTTP/1.1, whose messages undici frames. */
export async function openHttp1(init: ConnectionInit): Promise<HttpConnection> {
  const { Client: UndiciClient } = await import('undici');
  const { dialled, scheme, authority, maxHeadBytes } = init;
  let isTaken = false;
  const client = new UndiciClient(`${scheme}://${authority}`, {
    connect: (_options, callback) => {
      // One connection has one life; a second one is for the pool to open. undici uses what any duplex stream has, and
      // does not go on when it is given the stream within its call.
      if (isTaken) callback(new Error('the connection is over'), null);
      else queueMicrotask(() => callback(null, dialled.stream as Socket));
      isTaken = true;
    },
    pipelining: 1,
    // Waits are measured by the clock of the runtime.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: LONG_MS,
    keepAliveMaxTimeout: LONG_MS,
    maxHeaderSize: maxHeadBytes,
    allowH2: false,
  });
  return new Http1Connection(init, client);
}

const LONG_MS = 600_000;

class Http1Connection extends CoreSession implements HttpConnection {
  readonly version = '1.1';
  readonly capacity = 1;
  readonly #init: ConnectionInit;
  readonly #client: Client;

  constructor(init: ConnectionInit, client: Client) {
    const { dialled, runtime, timeouts, openedInMs } = init;
    const { stream, peer, tls } = dialled;
    super(
      new SessionCore({
        protocol: 'http',
        role: 'client',
        peer,
        tls,
        runtime,
        timeouts,
        openedInMs,
        destroy: (reason) => {
          stream.destroy();
          void client.destroy(reason ?? null).catch(() => {});
        },
        isExclusive: true,
      }),
    );
    this.#init = init;
    this.#client = client;
    stream.on('error', () => {});
    stream.once('close', () => this.core.lost(cutShort(this.core)));
    // undici waits for the first request before it reads; an end that comes earlier is to be seen.
    stream.once('end', () => {
      if (this.core.inFlight === 0) this.core.lost();
    });
  }

  get isUsable(): boolean {
    const { stream } = this.#init.dialled;
    return this.core.state === 'open' && !stream.destroyed && stream.readable && stream.writable;
  }

  request(request: OutgoingRequest, scope: Scope): Promise<HttpClientResponse> {
    const { runtime, timeouts } = this.#init;
    const { peer } = this.core;
    const operation = this.core.begin(request.method, scope, {
      ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
      traceparent: request.traceparent,
    });
    let controller: Dispatcher.DispatchController | undefined;
    const arrival = new Arrival({
      version: '1.1',
      peer,
      operation,
      runtime,
      idleMs: timeouts.idleMs,
      maxBodyBytes: request.maxBodyBytes,
      isHead: request.method === 'HEAD',
      source: {
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        // In the middle of a message nobody knows where the next one begins.
        abandon: (reason) => this.core.abort(reason),
      },
    });
    operation.sent('maybe');
    const { body, headers, method, target } = request;
    const sent: Record<string, string | string[]> = { host: request.authority };
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined) sent[name] = typeof value === 'object' ? [...value] : String(value);
    }
    if (operation.traceparent !== undefined) sent['traceparent'] = operation.traceparent;
    const isWhole = body === null || typeof body === 'string' || body instanceof Uint8Array;
    const expectHead = (): void => arrival.expectHead();
    if (isWhole && request.timeoutMs === Infinity) expectHead();
    try {
      this.#client.dispatch(
        {
          method: method as Dispatcher.HttpMethod,
          path: target,
          headers: sent,
          body: isWhole ? body : Readable.from(request.timeoutMs === Infinity ? toldAtEnd(body, expectHead) : body),
        },
        {
          onRequestStart: (own) => void (controller = own),
          onResponseStart: (_own, status, received) => {
            // Those below 200 come before the response.
            if (status >= 200) arrival.begin(status, ...split(received));
          },
          onResponseData: (_own, part) => arrival.push(part),
          onResponseEnd: (_own, trailers) => arrival.end(split(trailers)[0]),
          onResponseError: (_own, error) => arrival.fail(failureOf(error, peer)),
        },
      );
    } catch (error) {
      arrival.fail(failureOf(error, peer));
    }
    return arrival.head;
  }
}

const NONE: readonly string[] = [];

async function* toldAtEnd<T>(parts: AsyncIterable<T>, onEnd: () => void): AsyncGenerator<T> {
  yield* parts;
  onEnd();
}

type Received = Readonly<Record<string, string | string[] | undefined>>;

/** Fields, and the lines of Set-Cookie. */
export function split(received: Received): [Fields, readonly string[]] {
  const fields = emptyFields();
  let cookies: readonly string[] = NONE;
  for (const name in received) {
    const value = received[name];
    if (value === undefined || name.charCodeAt(0) === 0x3a) continue;
    if (name === 'set-cookie') cookies = typeof value === 'string' ? [value] : value;
    fields[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return [fields, cookies];
}

/** The error of a connection that ended while there was work on it; undefined when there was none. */
export function cutShort({ inFlight, peer }: SessionCore): RoundhouseError | undefined {
  if (inFlight === 0) return undefined;
  const details = { reason: 'it ended in the middle of a response' };
  return netError('CONNECTION_LOST', { protocol: 'http', phase: 'read', peer, sent: 'maybe', details });
}

/** What undici says, as one of ours. */
function failureOf(cause: unknown, peer: string): RoundhouseError {
  const { code = '', message } = cause as { code?: string; message: string };
  const at = { protocol: 'http', phase: 'request', peer, sent: 'maybe', cause } as const;
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return netError('MESSAGE_TOO_LARGE', { ...at, details: { limit: 'the allowed', unit: 'bytes', what: 'fields' } });
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return netError('NET_OPTION_INVALID', { ...at, sent: 'none', details: { reason: message } });
  }
  const isBad = code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || /PARSER/.test(code);
  const known: NetErrorCode = isBad ? 'PROTOCOL_VIOLATION' : 'CONNECTION_LOST';
  return netError(known, { ...at, details: { reason: message } });
}
