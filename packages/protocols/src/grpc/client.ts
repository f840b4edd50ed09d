import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { isRoundhouseError, type Scope, type Secret } from '@roundhouse/core';
import {
  CoreSession,
  createRuntime,
  establish,
  formatAddress,
  netError,
  type NetRuntime,
  resolveTimeouts,
  type Session,
  SessionCore,
  type SessionState,
  type Target,
  type Timeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import { connectHttp, type HttpConnection } from '../http/index.ts';
import { Call, ofCaller, type Wire } from './call.ts';
import { gzipCompression } from './compression.ts';
import { asGrpc } from './failure.ts';
import { askHealth, type ServingStatus } from './health.ts';
import { loadLibrary } from './library.ts';
import { fieldsOf, type Metadata } from './metadata.ts';
import { type GrpcCompression, type GrpcLimits, LONGEST_MS, resolveGrpcLimits, silent } from './options.ts';
import { type CallOptions, type GrpcClient, nameOf, type Received, type Sendable } from './service.ts';

export interface GrpcConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Where the connection goes instead, e.g. a Unix socket. */
  readonly via?: Target;
  readonly tls?: Omit<TlsClientOptions, 'alpn'>;
  /** `requestMs`: a call that says nothing of its time; `idleMs`: between two messages of a stream. */
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<GrpcLimits>;
  /** Default `none`. */
  readonly compression?: GrpcCompression;
  /** Sent with every call. */
  readonly metadata?: Metadata;
  /** Sent with every call as `authorization: Bearer …`; over TLS alone. */
  readonly token?: Secret;
}

/** A connection to a server of gRPC. */
export interface GrpcSession extends Session {
  /** The methods of a service whose code was generated. */
  client<S extends DescService>(service: S): GrpcClient<S>;
  /**
   * Calls a unary method. Rejects with a NetError whose `sent` says whether the server may have seen it; `grpcStatusOf`
   * has the status that the server gave. GRPC_METADATA_INVALID, GRPC_MESSAGE_INVALID, GRPC_MESSAGE_TOO_LARGE: it was
   * not sent.
   */
  unary<M extends DescMethod>(
    method: M,
    request: Sendable<M['input']>,
    scope: Scope,
    options?: CallOptions,
  ): Promise<Received<M['output']>>;
  /**
   * Calls a method that streams, either way. The call begins with the first reply that is asked for, and ends when they
   * are left; the server is held back by whoever reads slowly.
   */
  stream<M extends DescMethod>(
    method: M,
    requests: AsyncIterable<Sendable<M['input']>>,
    scope: Scope,
    options?: CallOptions,
  ): AsyncIterable<Received<M['output']>>;
  /** What the server says of itself, or of a service (`grpc.health.v1`). */
  health(scope: Scope, service?: string): Promise<ServingStatus>;
}

const MAX_CALLS = 1_000;
const USER_AGENT = 'grpc-node-roundhouse/0.1';

/**
 * Connects to a server of gRPC: HTTP/2, over TLS when asked for. Rejects with a NetError, TIMEOUT of the phase that took
 * too long, NET_OPTION_INVALID, or the reason of the scope.
 */
export async function connectGrpc(
  options: GrpcConnectOptions,
  scope: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<GrpcSession> {
  const { host, port, via, tls, compression = 'none', metadata = {}, token } = options;
  const limits = resolveGrpcLimits(options.limits, MAX_CALLS);
  const timeouts = resolveTimeouts(options.timeouts);
  const fixed: [string, string][] = [['user-agent', USER_AGENT], ...fieldsOf(metadata, limits.maxMetadataBytes)];
  if (token !== undefined && tls === undefined) {
    const details = { reason: 'a token goes over TLS alone' };
    throw netError('NET_OPTION_INVALID', { protocol: 'grpc', details });
  }
  const authority = formatAddress({ host, port });
  return await establish('grpc', authority, runtime, scope, async (elapsedMs) => {
    const library = await scope.race(loadLibrary());
    const http = await openHttp2(options, limits, timeouts, scope, runtime);
    const wire: Wire = {
      http,
      library,
      limits,
      compression: compression === 'gzip' ? await gzipCompression(library) : undefined,
      authority: via === undefined || port !== 0 ? authority : 'localhost',
      common: () => (token === undefined ? fixed : [...fixed, ['authorization', `Bearer ${token.reveal()}`]]),
    };
    return new GrpcConnection(wire, runtime, timeouts, elapsedMs());
  });
}

async function openHttp2(
  { host, port, via, tls }: GrpcConnectOptions,
  { maxMetadataBytes }: GrpcLimits,
  timeouts: Timeouts,
  scope: Scope,
  runtime: NetRuntime,
): Promise<HttpConnection> {
  const options = {
    host,
    port,
    versions: ['h2'],
    // How long a call may be silent is said for each call.
    timeouts: { ...timeouts, idleMs: LONGEST_MS },
    maxHeadBytes: maxMetadataBytes,
    ...(via !== undefined && { via }),
    ...(tls !== undefined && { tls }),
  } as const;
  let http: HttpConnection;
  try {
    http = await connectHttp(options, scope, silent(runtime));
  } catch (error) {
    throw isRoundhouseError(error) ? asGrpc(error) : error;
  }
  if (http.version === '2') return http;
  http.abort();
  const details = { reason: 'it does not offer h2 (RFC 9113 §3.2)' };
  throw netError('PROTOCOL_VIOLATION', { protocol: 'grpc', phase: 'negotiate', peer: http.peer, details });
}

class GrpcConnection extends CoreSession implements GrpcSession {
  readonly #wire: Wire;
  readonly #timeouts: Timeouts;

  constructor(wire: Wire, runtime: NetRuntime, timeouts: Timeouts, openedInMs: number) {
    const { http } = wire;
    super(
      new SessionCore({
        protocol: 'grpc',
        role: 'client',
        peer: http.peer,
        tls: http.tls,
        runtime,
        timeouts,
        openedInMs,
        destroy: (reason) => http.abort(reason),
        goodBye: async (scope) => void (await scope.race(http.drain())),
        isExclusive: false,
      }),
    );
    this.#wire = wire;
    this.#timeouts = timeouts;
    void http.closed.then(({ error }) => this.core.lost(error && asGrpc(error)));
  }

  /** `draining` also when the server has said that it will leave. */
  override get state(): SessionState {
    const { state } = this.core;
    return state === 'open' && !this.#wire.http.isUsable ? 'draining' : state;
  }

  client<S extends DescService>(service: S): GrpcClient<S> {
    const methods = service.methods.map((method) => [method.localName, this.#callerOf(method)] as const);
    return Object.fromEntries(methods) as unknown as GrpcClient<S>;
  }

  async unary<M extends DescMethod>(
    method: M,
    request: Sendable<M['input']>,
    scope: Scope,
    options: CallOptions = {},
  ): Promise<Received<M['output']>> {
    if (method.methodKind !== 'unary') throw notOfKind(method, 'unary');
    this.#demandRoom();
    const { timeoutMs } = options;
    return await this.core.operate(
      nameOf(method),
      scope,
      async (operation) => {
        const call = new Call({ wire: this.#wire, method: nameOf(method), isUnary: true, operation, options });
        try {
          const { transport, headers } = call;
          const unary = method as DescMethod & { methodKind: 'unary' };
          const { message } = await transport.unary(unary, undefined, undefined, headers, request);
          return message as Received<M['output']>;
        } catch (error) {
          throw call.failureOf(error);
        }
      },
      timeoutMs === undefined ? {} : { timeoutMs },
    );
  }

  async *stream<M extends DescMethod>(
    method: M,
    requests: AsyncIterable<Sendable<M['input']>>,
    scope: Scope,
    options: CallOptions = {},
  ): AsyncGenerator<Received<M['output']>, void, undefined> {
    if (method.methodKind === 'unary') throw notOfKind(method, 'streaming');
    this.#demandRoom();
    const { timeoutMs, idleMs = this.#timeouts.idleMs } = options;
    const operation = this.core.begin(nameOf(method), scope, timeoutMs === undefined ? {} : { timeoutMs });
    const call = new Call({ wire: this.#wire, method: nameOf(method), isUnary: false, operation, options });
    try {
      const { transport, headers } = call;
      const streaming = method as DescMethod & { methodKind: 'bidi_streaming' };
      const { message } = await this.#within(
        idleMs,
        operation.scope,
        transport.stream(streaming, undefined, undefined, headers, ofCaller(requests)),
      );
      const replies = message[Symbol.asyncIterator]();
      for (;;) {
        const next = await this.#within(idleMs, operation.scope, replies.next());
        if (next.done === true) break;
        yield next.value as Received<M['output']>;
      }
    } catch (error) {
      throw operation.fail(call.failureOf(error));
    } finally {
      // Whoever leaves early gives the call up.
      operation.end();
    }
  }

  health(scope: Scope, service = ''): Promise<ServingStatus> {
    return askHealth(this, this.#wire.library, scope, service);
  }

  #callerOf(method: DescMethod): unknown {
    type Request = Record<string, unknown>;
    type Requests = AsyncIterable<Request>;
    switch (method.methodKind) {
      case 'unary':
        return (request: Request, scope: Scope, options?: CallOptions) => this.unary(method, request, scope, options);
      case 'server_streaming':
        return (request: Request, scope: Scope, options?: CallOptions) =>
          this.stream(method, one(request), scope, options);
      case 'client_streaming':
        // Silence is no sign of anything while requests are being sent.
        return (requests: Requests, scope: Scope, options?: CallOptions) =>
          this.#only(this.stream(method, requests, scope, { idleMs: Infinity, ...options }));
      case 'bidi_streaming':
        return (requests: Requests, scope: Scope, options?: CallOptions) =>
          this.stream(method, requests, scope, options);
    }
  }

  async #only<T>(replies: AsyncIterable<T>): Promise<T> {
    const all: T[] = [];
    for await (const reply of replies) if (all.push(reply) > 1) break;
    const [reply] = all;
    if (all.length === 1) return reply as T;
    const details = { reason: `there is ${all.length === 0 ? 'no' : 'more than one'} reply where one has to be` };
    const { peer } = this;
    throw netError('PROTOCOL_VIOLATION', { protocol: 'grpc', phase: 'read', peer, sent: 'all', details });
  }

  async #within<T>(idleMs: number, scope: Scope, promise: Promise<T>): Promise<T> {
    using wait = scope.child({ what: 'The next message', timeoutMs: idleMs });
    try {
      return await wait.race(promise);
    } catch (error) {
      // The end of the whole call is for the operation to tell.
      scope.throwIfEnded();
      if (!isRoundhouseError(error) || error.code !== 'DEADLINE_EXCEEDED') throw error;
      const details = { timeout_ms: idleMs };
      throw netError('TIMEOUT', { protocol: 'grpc', phase: 'read', peer: this.peer, sent: 'all', details });
    }
  }

  #demandRoom(): void {
    const { inFlight, peer } = this.core;
    if (inFlight < this.#wire.limits.maxCalls) return;
    throw netError('POOL_EXHAUSTED', { protocol: 'grpc', peer, details: { in_use: inFlight, waiting: 0 } });
  }
}

async function* one<T>(request: T): AsyncGenerator<T> {
  yield request;
}

function notOfKind(method: DescMethod, kind: string): Error {
  const reason = `${nameOf(method)} is ${method.methodKind}, not ${kind}`;
  return netError('NET_OPTION_INVALID', { protocol: 'grpc', details: { reason } });
}
