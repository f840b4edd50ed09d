import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { coreError, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  duplexOf,
  formatAddress,
  type Incoming,
  listen,
  type ListenOptions,
  type NetRuntime,
  nodeTlsOptions,
  type OpenPort,
  type Port,
  setServerTls,
  systemError,
  type TlsInfo,
  tlsInfoOf,
  type TlsServerOptions,
} from '@roundhouse/net';

/** A connection that came in, as the stream that Node's parsers take. */
export interface AcceptedStream extends Incoming {
  readonly stream: Duplex & { readonly bytesRead: number };
  readonly tls: TlsInfo | null;
}

const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * How a server gets its connections: on the system's network from Node's own server, whose sockets its parsers read
 * without a detour; else from the runtime's transports.
 */
export function portOpener(runtime: NetRuntime): OpenPort<AcceptedStream> {
  if (runtime.listen === listen) return openNodePort;
  return (options, onConnection, scope) =>
    runtime.listen(
      options,
      (transport) => {
        const stream = duplexOf(transport) as AcceptedStream['stream'];
        const { peer, tls } = transport;
        onConnection({ stream, peer, tls, destroy: (reason) => transport.destroy(reason) });
      },
      scope,
    );
}

async function openNodePort(
  options: ListenOptions,
  onConnection: (incoming: AcceptedStream) => void,
  scope: Scope,
): Promise<Port> {
  const { host, port, tls, tlsTimeoutMs, backlog, onClientError } = options;
  scope.throwIfEnded();
  const sockets = new Set<Socket>();
  const common = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS };
  const accept = (socket: Socket | TLSSocket, info: TlsInfo | null): void => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      // It left between the system's accept and ours.
      socket.on('error', () => {}).destroy();
      return;
    }
    const peer = formatAddress({ host: remoteAddress, port: remotePort });
    try {
      onConnection({ stream: socket, peer, tls: info, destroy: () => void socket.destroy() });
    } catch (cause) {
      socket.on('error', () => {}).destroy();
      const reason = `the connection handler failed for ${peer}: ${String(cause)}`;
      onClientError?.(coreError('INTERNAL', { details: { reason }, cause }));
    }
  };
  const server: Server | TlsServer =
    tls === undefined
      ? createTcpServer(common, (socket) => accept(socket, null))
      : createTlsServer({ ...common, ...nodeTlsOptions(tls), handshakeTimeout: tlsTimeoutMs }, (socket) =>
          accept(socket, tlsInfoOf(socket)),
        );
  const address = formatAddress({ host, port });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    const peer = `${socket.remoteAddress ?? 'a client'}`;
    onClientError?.(systemError(error, { phase: 'tls', address, host, peer }));
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(systemError(error, { phase: 'connect', address, host }));
    server.once('error', onError);
    server.listen({ host, port, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  server.on('error', (error) => onClientError?.(systemError(error, { phase: 'connect', address, host })));
  const bound = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    leave();
    // Node's callback would wait for the connections; the port itself is free at once.
    if (server.listening) server.close();
  };
  const destroy = (reason?: RoundhouseError): void => {
    void close();
    for (const socket of sockets) socket.destroy(reason);
  };
  const leave = scope.onEnd(destroy);
  return {
    address: { host: bound.address, port: bound.port },
    port: bound.port,
    close,
    destroy,
    setTls(next: TlsServerOptions) {
      if (tls === undefined) throw coreError('NOT_SUPPORTED', { details: { what: 'TLS on a plain listener' } });
      setServerTls(server as TlsServer, next);
    },
  };
}
