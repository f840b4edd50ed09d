import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TcpServer, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { LIMITS } from '@roundhouse/api';
import { clientKey } from './clientAddress.ts';
import { httpError } from './errors.ts';
import { rawProblem } from './problem.ts';

/** Bounds against clients that take their time, in the options of Fastify. */
export const SLOW_CLIENT_BOUNDS = {
  /** From the first byte of a request to its last, ms. */
  requestTimeout: 30_000,
  /** A connection without a request is closed after, ms; below the 60 s of common proxies is asking for resets. */
  keepAliveTimeout: 72_000,
  /**
   * A connection on which nothing moves is cut, ms: a caller that does not read its answer. Longer than the longest wait
   * that may be asked for; streams have a heartbeat.
   */
  connectionTimeout: LIMITS.maxTimeoutMs + 30_000,
  http: {
    /** From the first byte of a request to the end of its headers, ms. */
    headersTimeout: 10_000,
    /** How often these times are looked at, ms. */
    connectionsCheckingInterval: 2_000,
    /** Of the request line and all headers, bytes. */
    maxHeaderSize: 16_384,
    /** Node's own answer has no body; `checkRequestForm` asks. */
    requireHostHeader: false,
  },
} as const;

export interface ConnectionBoundsOptions {
  /** Open connections. Default 10,000. */
  readonly maxConnections?: number;
  /** Of them, those of one client: an IPv4 address or an IPv6 /64. A proxy is one client. Default 1,000. */
  readonly maxPerAddress?: number;
}

export interface ConnectionBounds {
  /** Connections open now. */
  readonly connections: number;
  /** The most that one address has. */
  readonly busiestAddress: number;
}

/**
 * Holds a server to so many connections, in all and from one address; one more is told TOO_MANY_CONNECTIONS (over TLS:
 * nothing) and closed. `server` is not listening yet.
 */
export function boundConnections(
  server: Server<typeof IncomingMessage, typeof ServerResponse> | TlsServer,
  options: ConnectionBoundsOptions,
  nextId: () => string,
): ConnectionBounds {
  const { maxConnections = 10_000, maxPerAddress = 1_000 } = options;
  const isTls = 'setSecureContext' in server;
  const byAddress = new Map<string, number>();
  let connections = 0;

  // Ahead of the parser of HTTP, which would read what is refused here.
  (server as TcpServer).prependListener('connection', (socket: Socket) => {
    const key = clientKey(socket.remoteAddress ?? '');
    const ofAddress = byAddress.get(key) ?? 0;
    if (connections >= maxConnections) return refuse(socket, connections, 'in all');
    if (ofAddress >= maxPerAddress) return refuse(socket, ofAddress, 'from this address');
    connections++;
    byAddress.set(key, ofAddress + 1);
    socket.once('close', () => {
      connections--;
      const left = (byAddress.get(key) as number) - 1;
      if (left === 0) byAddress.delete(key);
      else byAddress.set(key, left);
    });
  });

  function refuse(socket: Socket, count: number, where: string): void {
    const error = httpError('TOO_MANY_CONNECTIONS', { details: { connections: count, scope: where } });
    if (!isTls) socket.write(rawProblem(error, nextId()));
    socket.destroySoon();
  }

  return {
    get connections() {
      return connections;
    },
    get busiestAddress() {
      return Math.max(0, ...byAddress.values());
    },
  };
}
