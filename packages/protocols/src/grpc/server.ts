import type { RoundhouseError, Scope } from '@roundhouse/core';
import {
  type Address,
  type CloseReason,
  createRuntime,
  type DrainOptions,
  type DrainReport,
  netError,
  type NetRuntime,
  type NetServer,
  resolveTimeouts,
  type ServerLimits,
  type ServerOptions,
  type ServerStats,
  type SessionState,
  type Timeouts,
  type TlsServerOptions,
} from '@roundhouse/net';
import { serveHttp } from '../http/index.ts';
import { HealthBoard, type GrpcHealth } from './health.ts';
import { loadLibrary } from './library.ts';
import { type GrpcCompression, type GrpcLimits, LONGEST_MS, resolveGrpcLimits, silent } from './options.ts';
import type { GrpcService } from './service.ts';
import { Switchboard } from './switchboard.ts';

export interface GrpcServerOptions extends Omit<ServerOptions, 'limits' | 'tls'> {
  readonly tls?: Omit<TlsServerOptions, 'alpn'>;
  readonly limits?: Partial<ServerLimits & GrpcLimits>;
  /** `requestMs`: a unary call whose client names no deadline, or a later one. */
  readonly timeouts?: Partial<Timeouts>;
  /** The same of a call that streams, ms. Default one hour. */
  readonly maxStreamMs?: number;
  /** Default `none`: messages that are compressed are refused with UNIMPLEMENTED. */
  readonly compression?: GrpcCompression;
}

/** A server of gRPC. Its drain tells whoever watches its health, lets calls end, and says GOAWAY. */
export interface GrpcServer extends NetServer {
  /** What the health service tells. */
  readonly health: GrpcHealth;
}

const MAX_CALLS = 128;
const MAX_STREAM_MS = 3_600_000;

/**
 * Serves gRPC over HTTP/2: with TLS by ALPN, without it from the first byte. `grpc.health.v1` is served besides. Rejects
 * as `listen` does, or with NET_OPTION_INVALID. The end of the scope aborts the server.
 */
export async function serveGrpc(
  options: GrpcServerOptions,
  services: readonly GrpcService[],
  runtime: NetRuntime = createRuntime(),
  scope?: Scope,
): Promise<GrpcServer> {
  const { host, port, tls, transport, maxStreamMs = MAX_STREAM_MS, compression = 'none' } = options;
  const { maxConnections, maxPerPeer, ...given } = options.limits ?? {};
  const limits = resolveGrpcLimits(given, MAX_CALLS);
  const timeouts = resolveTimeouts(options.timeouts);
  if (!(maxStreamMs >= 1 && maxStreamMs <= LONGEST_MS)) {
    const reason = `maxStreamMs is ${maxStreamMs}, and must be from 1 to ${LONGEST_MS}`;
    throw netError('NET_OPTION_INVALID', { protocol: 'grpc', details: { reason } });
  }
  const library = await loadLibrary();
  const health = new HealthBoard(services.map(({ service }) => service.typeName));
  const all = [await health.service(library), ...services];
  const switchboard = new Switchboard({ library, limits, compression, timeouts, maxStreamMs }, runtime);
  await switchboard.add(all);
  const http = await serveHttp(
    {
      versions: ['h2'],
      h2c: true,
      limits: {
        maxHeadBytes: limits.maxMetadataBytes,
        maxStreams: limits.maxCalls,
        maxRequests: 2 ** 31 - 1,
        // Calls are given up every day; what is bounded is a flood of it (CVE-2023-44487).
        maxResets: 1_000,
        ...(maxConnections !== undefined && { maxConnections }),
        ...(maxPerPeer !== undefined && { maxPerPeer }),
      },
      // How long a call may take is measured for each call.
      timeouts: { ...timeouts, requestMs: LONGEST_MS },
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(tls !== undefined && { tls }),
      ...(transport !== undefined && { transport }),
    },
    (request, own) => switchboard.answer(request, own),
    connectionsOf(runtime),
    scope,
  );
  return new GrpcServing(http, health);
}

/** Tells of the connections below under the name of this protocol; calls are told where they are known. */
function connectionsOf(runtime: NetRuntime): NetRuntime {
  const { observer } = runtime;
  return {
    ...silent(runtime),
    observer: {
      observe(fact) {
        if (fact.type === 'operationStarted' || fact.type === 'operationEnded') return;
        observer.observe({ ...fact, protocol: 'grpc' });
      },
    },
  };
}

class GrpcServing implements GrpcServer {
  readonly protocol = 'grpc';
  readonly health: GrpcHealth;
  readonly #board: HealthBoard;
  readonly #http: NetServer;

  constructor(http: NetServer, board: HealthBoard) {
    this.#http = http;
    this.#board = board;
    this.health = board;
  }

  get address(): Address {
    return this.#http.address;
  }

  get port(): number {
    return this.#http.port;
  }

  get state(): SessionState {
    return this.#http.state;
  }

  get closed(): Promise<CloseReason> {
    return this.#http.closed;
  }

  get inFlight(): number {
    return this.#http.inFlight;
  }

  stats(): ServerStats {
    return this.#http.stats();
  }

  setTls(tls: TlsServerOptions): void {
    this.#http.setTls(tls);
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    this.#board.leave();
    return this.#http.drain(options);
  }

  abort(reason?: RoundhouseError): void {
    this.#http.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
