import type { DescMessage, DescMethod, DescService, Message, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Scope } from '@roundhouse/core';
import type { TlsInfo } from '@roundhouse/net';
import type { Fields } from '../http/index.ts';
import type { Metadata, MetadataValue } from './metadata.ts';

/** A message that is received: of its type where code was generated, else with fields by their names in JSON. */
export type Received<D extends DescMessage> =
  Message extends MessageShape<D> ? Message & Readonly<Record<string, unknown>> : MessageShape<D>;

/** A message to send: its fields; what is left out has its default. */
export type Sendable<D extends DescMessage> = MessageInitShape<D>;

/** What may be said of one call. */
export interface CallOptions {
  readonly metadata?: Metadata;
  /** From its call to its end, ms; sent as `grpc-timeout`. Default: `requestMs`; Infinity: until the scope ends. */
  readonly timeoutMs?: number;
  /** Between two messages of a stream, ms. Default: `idleMs` of the timeouts; Infinity: no bound but the others. */
  readonly idleMs?: number;
  /** Told when the fields of the answer are there. */
  readonly onHeaders?: (headers: Fields) => void;
  /** Told when the answer is complete, whatever its status. */
  readonly onTrailers?: (trailers: Fields) => void;
}

type Unary<M extends DescMethod> = (
  request: Sendable<M['input']>,
  scope: Scope,
  options?: CallOptions,
) => Promise<Received<M['output']>>;
type ServerStreaming<M extends DescMethod> = (
  request: Sendable<M['input']>,
  scope: Scope,
  options?: CallOptions,
) => AsyncIterable<Received<M['output']>>;
type ClientStreaming<M extends DescMethod> = (
  requests: AsyncIterable<Sendable<M['input']>>,
  scope: Scope,
  options?: CallOptions,
) => Promise<Received<M['output']>>;
type BidiStreaming<M extends DescMethod> = (
  requests: AsyncIterable<Sendable<M['input']>>,
  scope: Scope,
  options?: CallOptions,
) => AsyncIterable<Received<M['output']>>;

/** The methods of a service by their local names. Of one that was loaded at run time: by `unary` and `stream` instead. */
export type GrpcClient<S extends DescService> = {
  readonly [K in keyof S['method']]: S['method'][K] extends infer M extends DescMethod
    ? {
        unary: Unary<M>;
        server_streaming: ServerStreaming<M>;
        client_streaming: ClientStreaming<M>;
        bidi_streaming: BidiStreaming<M>;
      }[M['methodKind']]
    : never;
};

/** A call that a server has received. */
export interface GrpcCall {
  /** As `package.Service/Method`. */
  readonly method: string;
  /** `host:port` of the other end of the connection, which may be a proxy. */
  readonly peer: string;
  readonly tls: TlsInfo | null;
  /** As received; bytes by `binaryMetadata`. */
  readonly metadata: Fields;
  /** Ends with the call: its deadline, the client that gives up, the connection. */
  readonly scope: Scope;
  /** For what goes on from here (W3C Trace Context). */
  readonly traceparent: string | undefined;
  /** Sent before the first message. Raises GRPC_METADATA_INVALID. */
  setHeader(name: string, value: MetadataValue): void;
  /** Sent behind the last message. Raises GRPC_METADATA_INVALID. */
  setTrailer(name: string, value: MetadataValue): void;
}

type MaybePromise<T> = T | Promise<T>;

/** What answers a method. Of a service that was loaded at run time the author says what its messages are. */
export type GrpcHandler<M extends DescMethod> = DescMethod extends M
  ? (request: never, call: GrpcCall) => unknown
  : {
      unary: (request: Received<M['input']>, call: GrpcCall) => MaybePromise<Sendable<M['output']>>;
      server_streaming: (request: Received<M['input']>, call: GrpcCall) => AsyncIterable<Sendable<M['output']>>;
      client_streaming: (
        requests: AsyncIterable<Received<M['input']>>,
        call: GrpcCall,
      ) => MaybePromise<Sendable<M['output']>>;
      bidi_streaming: (
        requests: AsyncIterable<Received<M['input']>>,
        call: GrpcCall,
      ) => AsyncIterable<Sendable<M['output']>>;
    }[M['methodKind']];

/** Handlers by the local names of the methods; what is left out is UNIMPLEMENTED. */
export type GrpcHandlers<S extends DescService> = {
  readonly [K in keyof S['method']]?: GrpcHandler<S['method'][K] & DescMethod>;
};

/** A service with what answers it. */
export interface GrpcService {
  readonly service: DescService;
  readonly handlers: Readonly<Record<string, GrpcHandler<DescMethod>>>;
}

/** Puts a service and its handlers together, checked by the compiler where code was generated. */
export function grpcService<S extends DescService>(service: S, handlers: GrpcHandlers<S>): GrpcService {
  return { service, handlers: handlers as GrpcService['handlers'] };
}

/** How a method is called in errors and facts: `package.Service/Method`. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
