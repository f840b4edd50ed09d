import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { NetRuntime, Timeouts } from '@roundhouse/net';
import type { HttpRequest, HttpResponse } from '../http/index.ts';
import { gzipCompression } from './compression.ts';
import { FrameJoiner } from './frames.ts';
import { implementationOf } from './implementation.ts';
import type { Library } from './library.ts';
import { COMPRESS_MIN_BYTES, type GrpcCompression, type GrpcLimits } from './options.ts';
import { type GrpcService, nameOf } from './service.ts';
import { type GrpcFailure, numberOf, statusOfFailure } from './status.ts';
import { ServedCall } from './servedCall.ts';
import { parseTimeout } from './timeout.ts';

/** What the calls of a server share. */
export interface ServerSettings {
  readonly library: Library;
  readonly limits: GrpcLimits;
  readonly compression: GrpcCompression;
  readonly timeouts: Timeouts;
  readonly maxStreamMs: number;
}

interface Line {
  /** As `package.Service/Method`. */
  readonly method: string;
  readonly handler: UniversalHandler;
  /** Longest time of a call, ms. */
  readonly longestMs: number;
}

type Implementations = Partial<ServiceImpl<DescService>>;

/** gRPC over HTTP/2, "Content-Type". */
const CONTENT_TYPE = /^application\/grpc(?:\+(?:proto|json))?(?:;|$)/i;

/** Finds who answers a call, and answers for what nobody does. */
export class Switchboard {
  readonly #settings: ServerSettings;
  readonly #runtime: NetRuntime;
  readonly #lines = new Map<string, Line>();

  constructor(settings: ServerSettings, runtime: NetRuntime) {
    this.#settings = settings;
    this.#runtime = runtime;
  }

  async add(services: readonly GrpcService[]): Promise<void> {
    const { library, limits, compression, timeouts, maxStreamMs } = this.#settings;
    const router = library.connect.createConnectRouter({
      connect: false,
      grpcWeb: false,
      acceptCompression: compression === 'gzip' ? [await gzipCompression(library)] : [],
      compressMinBytes: COMPRESS_MIN_BYTES,
      readMaxBytes: limits.maxReceiveBytes,
      writeMaxBytes: limits.maxSendBytes,
    });
    for (const each of services)
      router.service(
        each.service,
        implementationOf(each, this.#settings, this.#runtime.log) as unknown as Implementations,
      );
    for (const handler of router.handlers) {
      const isUnary = handler.method.methodKind === 'unary';
      const line = { method: nameOf(handler.method), handler, longestMs: isUnary ? timeouts.requestMs : maxStreamMs };
      this.#lines.set(handler.requestPath, line);
    }
  }

  answer(request: HttpRequest, scope: Scope): HttpResponse | Promise<HttpResponse> {
    if (request.version !== '2') return { status: 505 };
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    if (!CONTENT_TYPE.test(request.headers['content-type'] ?? '')) return { status: 415 };
    const line = this.#lines.get(request.path);
    if (line === undefined) return refusal('UNIMPLEMENTED', 'There is no such method');
    const asked = request.headers['grpc-timeout'];
    const timeoutMs = asked === undefined ? Infinity : parseTimeout(asked);
    if (timeoutMs === undefined) return refusal('INVALID_ARGUMENT', 'grpc-timeout is none');
    return this.#serve(line, request, scope, Math.min(timeoutMs, line.longestMs));
  }

  async #serve(line: Line, request: HttpRequest, scope: Scope, timeoutMs: number): Promise<HttpResponse> {
    const { method, handler } = line;
    const { library, limits } = this.#settings;
    const call = new ServedCall({ method, request, scope, timeoutMs, limits, runtime: this.#runtime });
    // Each message is bounded, not all of them together.
    request.body.maxBytes = Number.MAX_SAFE_INTEGER;
    // The deadline is kept here, by the clock of the runtime.
    const { 'grpc-timeout': _, ...headers } = request.headers;
    try {
      const response = await handler({
        httpVersion: '2.0',
        url: `http://localhost${request.path}`,
        method: request.method,
        header: new Headers(headers),
        body: framesOf(request.body, call, limits.maxReceiveBytes, library),
        // Handlers have the scope of the call.
        signal: new AbortController().signal,
        contextValues: call.contextValues(library),
      });
      return this.#responseOf(response, call);
    } catch (error) {
      call.end(error);
      throw error;
    }
  }

  #responseOf({ status, header, body, trailer }: UniversalServerResponse, call: ServedCall): HttpResponse {
    const headers = Object.fromEntries(header ?? []);
    const trailers = trailer ?? new Headers();
    if (body === undefined) {
      call.end();
      return { status, headers };
    }
    return {
      status,
      headers,
      body: sending(body, trailers, call),
      trailers: () => Object.fromEntries(trailers),
    };
  }
}

/** Tells the end of a call when the last of it has been taken, or it was left. */
async function* sending(
  body: AsyncIterable<Uint8Array>,
  trailers: Headers,
  call: ServedCall,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
    call.answered(Number(trailers.get('grpc-status')));
  } finally {
    call.end();
  }
}

/** The frames of a request, none too large, as long as the call lasts. */
async function* framesOf(
  parts: AsyncIterable<Uint8Array>,
  call: ServedCall,
  limit: number,
  { connect }: Library,
): AsyncGenerator<Uint8Array> {
  const { Code, ConnectError } = connect;
  const frames = new FrameJoiner(limit, (bytes) => {
    return new ConnectError(`A message has ${bytes} bytes, more than ${limit}`, Code.ResourceExhausted);
  });
  const iterator = parts[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await call.scope.race(iterator.next());
      if (next.done === true) break;
      yield* frames.push(next.value);
    }
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    call.failed(error);
    const { text, grpcStatus } = statusOfFailure(error);
    throw new ConnectError(text, numberOf(grpcStatus), undefined, undefined, error);
  } finally {
    // What waits for bytes that never come is not waited for.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
  if (frames.waiting > 0) throw new ConnectError('A message is cut', Code.InvalidArgument);
}

/** "Trailers-Only": a status without a message. */
function refusal(status: GrpcFailure, text: string): HttpResponse {
  const headers = {
    'content-type': 'application/grpc',
    'grpc-status': numberOf(status),
    'grpc-message': encodeURIComponent(text),
  };
  return { status: 200, headers };
}
