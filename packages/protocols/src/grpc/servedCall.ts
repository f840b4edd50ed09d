import type { ContextKey, ContextValues } from '@connectrpc/connect';
import { coreError, isRoundhouseError, reportUncaught, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { NetEvent, NetRuntime, NetSpan, TlsInfo } from '@roundhouse/net';
import type { Fields, HttpRequest } from '../http/index.ts';
import type { Library } from './library.ts';
import { fieldsOf, type MetadataValue } from './metadata.ts';
import type { GrpcLimits } from './options.ts';
import type { GrpcCall } from './service.ts';
import { GRPC_STATUSES, GrpcStatusError, type GrpcFailure } from './status.ts';

export interface ServedCallInit {
  readonly method: string;
  readonly request: HttpRequest;
  /** Ends with the stream of HTTP. */
  readonly scope: Scope;
  readonly timeoutMs: number;
  readonly limits: GrpcLimits;
  readonly runtime: NetRuntime;
}

/** Where the call stands among what the library hands on. */
let key: ContextKey<ServedCall | undefined> | undefined;

/** A call that is being served: what its handler sees of it, and what is told of it. */
export class ServedCall implements GrpcCall {
  readonly method: string;
  readonly peer: string;
  readonly tls: TlsInfo | null;
  readonly metadata: Fields;
  readonly scope: Scope;
  readonly #limits: GrpcLimits;
  readonly #runtime: NetRuntime;
  readonly #span: NetSpan;
  readonly #startedAt: number;
  #leave = (): void => {};
  #failure: RoundhouseError | undefined;
  #answer: { readonly headers: Headers; readonly trailers: Headers } | undefined;
  #isSent = false;
  #isOver = false;

  constructor({ method, request, scope, timeoutMs, limits, runtime }: ServedCallInit) {
    this.method = method;
    this.peer = request.peer;
    this.tls = request.tls;
    this.metadata = request.headers;
    this.scope = scope.child({ what: `The call of ${method}`, timeoutMs });
    this.#limits = limits;
    this.#runtime = runtime;
    this.#startedAt = runtime.clock.monotonic();
    const attributes = { 'network.peer.address': this.peer };
    this.#span = runtime.tracer.start(`net.grpc.${method}`, attributes, request.traceparent);
    this.#observe({ type: 'operationStarted', operation: method });
    // The client may leave before anything is sent.
    this.#leave = scope.onEnd((reason) => this.end(reason));
  }

  static of(values: ContextValues): ServedCall {
    const call = key && values.get(key);
    if (call === undefined) throw new Error('a call was handed on without itself');
    return call;
  }

  get traceparent(): string | undefined {
    return this.#span.traceparent;
  }

  contextValues({ connect }: Library): ContextValues {
    key ??= connect.createContextKey<ServedCall | undefined>(undefined);
    return connect.createContextValues().set(key, this);
  }

  /** Where what the handler sets is to go. */
  attach(headers: Headers, trailers: Headers): void {
    this.#answer = { headers, trailers };
  }

  setHeader(name: string, value: MetadataValue): void {
    this.#set(this.#answer?.headers, name, value);
  }

  setTrailer(name: string, value: MetadataValue): void {
    this.#set(this.#answer?.trailers, name, value);
  }

  /** What the handler failed with. */
  failed(error: RoundhouseError): void {
    this.#failure ??= error;
  }

  /** All that there is to send has been handed on. */
  answered(status: number): void {
    this.#isSent = true;
    const name = GRPC_STATUSES[status] ?? 'UNKNOWN';
    if (name !== 'OK') this.#failure ??= new GrpcStatusError(name as GrpcFailure, '');
  }

  /** It is over. Idempotent; what ends before it was answered was cancelled. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    const given = isRoundhouseError(error) ? error : undefined;
    const failure = this.#failure ?? (this.#isSent ? undefined : (given ?? coreError('CANCELLED')));
    const code = failure?.code ?? null;
    this.scope.end(failure);
    this.#span.end(failure?.code);
    const elapsedMs = this.#runtime.clock.monotonic() - this.#startedAt;
    this.#observe({
      type: 'operationEnded',
      operation: this.method,
      code,
      phase: code === null ? null : 'request',
      sent: this.#isSent ? 'all' : 'maybe',
      elapsedMs,
    });
  }

  #set(to: Headers | undefined, name: string, value: MetadataValue): void {
    to?.delete(name);
    for (const [field, text] of fieldsOf({ [name]: value }, this.#limits.maxMetadataBytes)) to?.append(field, text);
  }

  #observe(event: NetEvent): void {
    try {
      this.#runtime.observer.observe({ ...event, protocol: 'grpc', role: 'server', peer: this.peer });
    } catch (error) {
      reportUncaught(error);
    }
  }
}
