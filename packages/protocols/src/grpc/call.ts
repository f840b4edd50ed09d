import type { Transport } from '@connectrpc/connect';
import type { Compression, UniversalClientRequest, UniversalClientResponse } from '@connectrpc/connect/protocol';
import { coreError, isRoundhouseError } from '@roundhouse/core';
import { netError, type Operation } from '@roundhouse/net';
import type { Fields, HttpClientResponse, HttpConnection } from '../http/index.ts';
import { grpcError } from './errors.ts';
import { failureOfCall, tooLarge } from './failure.ts';
import { FRAME_HEADER_BYTES, FrameJoiner } from './frames.ts';
import { detailsReader, type Library } from './library.ts';
import { fieldsOf } from './metadata.ts';
import { COMPRESS_MIN_BYTES, type GrpcLimits } from './options.ts';
import type { CallOptions } from './service.ts';
import { failureOfStatus, type GrpcStatusError, readStatus, statusOfHttp } from './status.ts';
import { formatTimeout } from './timeout.ts';

/** What the calls of a connection share. */
export interface Wire {
  readonly http: HttpConnection;
  readonly library: Library;
  readonly limits: GrpcLimits;
  readonly compression: Compression | undefined;
  readonly authority: string;
  /** Fields that every call has. */
  readonly common: () => [name: string, value: string][];
}

export interface CallInit {
  readonly wire: Wire;
  /** As `package.Service/Method`. */
  readonly method: string;
  readonly isUnary: boolean;
  readonly operation: Operation;
  readonly options: CallOptions;
}

/** One call, from its fields to its status. */
export class Call {
  readonly #init: CallInit;
  #sent: 'none' | 'maybe' | 'all' = 'none';

  constructor(init: CallInit) {
    this.#init = init;
  }

  /** Codec and framing for this call alone. */
  get transport(): Transport {
    const { library, limits, compression } = this.#init.wire;
    return library.grpc.createTransport({
      baseUrl: 'http://localhost',
      httpClient: (request) => this.#ask(request),
      useBinaryFormat: true,
      interceptors: [],
      acceptCompression: compression === undefined ? [] : [compression],
      sendCompression: compression ?? null,
      compressMinBytes: COMPRESS_MIN_BYTES,
      readMaxBytes: limits.maxReceiveBytes,
      // Counted here, where it is known that nothing has been sent.
      writeMaxBytes: 0xffff_ffff,
    });
  }

  /** Fields of the request that the library does not know of. */
  get headers(): [name: string, value: string][] {
    const { wire, operation, options } = this.#init;
    const { deadline, clock } = operation.scope;
    const timeout = formatTimeout(deadline - clock.monotonic());
    const headers = [...wire.common(), ...fieldsOf(options.metadata ?? {}, wire.limits.maxMetadataBytes)];
    if (timeout !== undefined) headers.push(['grpc-timeout', timeout]);
    return headers;
  }

  /** The error that the caller sees. */
  failureOf(error: unknown): unknown {
    const { wire, operation } = this.#init;
    const failure = failureOfCall(error, wire.library, wire.http.peer, this.#sent);
    if (failure instanceof Error && 'sent' in failure) operation.sent(failure.sent as 'none' | 'maybe' | 'all');
    return failure;
  }

  async #ask(request: UniversalClientRequest): Promise<UniversalClientResponse> {
    const { wire, method, isUnary, operation, options } = this.#init;
    const { http, authority } = wire;
    const parts = this.#written(request.body as AsyncIterable<Uint8Array>);
    const body = isUnary ? Buffer.concat(await Array.fromAsync(parts)) : parts;
    this.#tell('maybe');
    const response = await http.request(
      {
        method: 'POST',
        target: `/${method}`,
        authority,
        scheme: http.tls === null ? 'http' : 'https',
        headers: Object.fromEntries(request.header),
        body,
        // The time of the operation counts, and what may be silent is for the call to say.
        timeoutMs: Infinity,
        maxBodyBytes: Number.MAX_SAFE_INTEGER,
        traceparent: operation.traceparent,
      },
      operation.scope,
    );
    this.#tell('all');
    options.onHeaders?.(response.headers);
    const early = this.#statusIn(response.headers);
    if (early === undefined && response.status !== 200) this.#end(response, statusOfHttp(response.status));
    // "Trailers-Only": the status stands in the only fields that there are.
    if (early !== undefined) options.onTrailers?.(response.headers);
    if (early) this.#end(response, early);
    return {
      status: 200,
      header: headersOf(response.headers, 'content-type', 'grpc-encoding'),
      body: this.#received(response, early === null),
      trailer: new Headers({ 'grpc-status': '0' }),
    };
  }

  #end(response: HttpClientResponse, status: GrpcStatusError): never {
    response.discard();
    throw this.#failed(status);
  }

  #failed(status: GrpcStatusError): Error {
    const { method, wire } = this.#init;
    return failureOfStatus(status, { peer: wire.http.peer, method, sent: this.#sent });
  }

  #statusIn(fields: Fields): GrpcStatusError | null | undefined {
    return readStatus(fields, detailsReader(this.#init.wire.library));
  }

  /** The frames of the request, none too large. */
  async *#written(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { wire, method } = this.#init;
    const limit = wire.limits.maxSendBytes;
    try {
      for await (const frame of frames) {
        const bytes = frame.length - FRAME_HEADER_BYTES;
        if (bytes > limit) throw grpcError('GRPC_MESSAGE_TOO_LARGE', { details: { method, bytes, limit } });
        yield frame;
      }
    } catch (error) {
      throw messageFailure(error, method);
    }
  }

  /** The frames of the answer; behind the last one is the status. */
  async *#received(response: HttpClientResponse, hasStatus: boolean): AsyncGenerator<Uint8Array> {
    const { wire, options } = this.#init;
    const { peer } = wire.http;
    const limit = wire.limits.maxReceiveBytes;
    const frames = new FrameJoiner(limit, () => tooLarge(peer, limit));
    for await (const part of response.body) yield* frames.push(part);
    const status = hasStatus ? null : this.#statusIn(response.trailers);
    if (!hasStatus) options.onTrailers?.(response.trailers);
    if (status) throw this.#failed(status);
    const reason = status === undefined ? 'a call has ended without a status' : 'a message is cut';
    if (status === undefined || frames.waiting > 0) {
      throw netError('PROTOCOL_VIOLATION', { protocol: 'grpc', phase: 'read', peer, sent: 'all', details: { reason } });
    }
  }

  #tell(sent: 'maybe' | 'all'): void {
    this.#sent = sent;
    this.#init.operation.sent(sent);
  }
}

/** The requests of a caller, told apart from what goes wrong with writing them. */
export async function* ofCaller<T>(requests: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* requests;
  } catch (cause) {
    if (isRoundhouseError(cause)) throw cause;
    const reason = `the requests of a call failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw coreError('INTERNAL', { details: { reason }, cause });
  }
}

function messageFailure(error: unknown, method: string): unknown {
  const origin: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (isRoundhouseError(error)) return error;
  if (isRoundhouseError(origin)) return origin;
  const reason = origin instanceof Error ? origin.message : String(origin);
  return grpcError('GRPC_MESSAGE_INVALID', { details: { method, reason }, cause: origin });
}

function headersOf(fields: Fields, ...names: readonly string[]): Headers {
  const headers = new Headers();
  for (const name of names) {
    const value = fields[name];
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}
