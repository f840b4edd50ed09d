import { type AddressInfo, createServer, type Socket } from 'node:net';
import { coreError, createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import { type Address, checkHost, checkListenPort, formatAddress } from './address.ts';
import { type ByteStream, StreamTransport, type StreamTransportInit } from './streamTransport.ts';
import { systemError } from './systemError.ts';
import { KEEP_ALIVE_DELAY_MS, localOf } from './socket.ts';
import { secureContextOf, type TlsServerOptions, type TlsUpgrade } from './tls.ts';
import type { Transport, TransportLimits } from './transport.ts';

export interface ListenOptions {
  /** Address to listen on; the caller decides whether it may be more than loopback. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: TlsServerOptions;
  /** Longest TLS handshake, ms. Default 10,000. */
  readonly tlsTimeoutMs?: number;
  /** Connections that may wait to be accepted. Default 511; the system may allow fewer. */
  readonly backlog?: number;
  /** Connections held at the same time; one more is cut at once. Default: no bound but that of descriptors. */
  readonly maxConnections?: number;
  readonly limits?: TransportLimits;
  /** Told of a client that failed before it was handed over (TLS), or of a connection that could not be accepted. */
  readonly onClientError?: (error: RoundhouseError) => void;
}

/** A port that accepts connections. */
export interface Listener extends AsyncDisposable {
  readonly address: Address;
  readonly port: number;
  /** Transports that are not closed yet, with those whose handshake goes on. */
  readonly connections: ReadonlySet<Transport>;
  /**
   * Takes other certificates and demands for the connections to come; those there are go on as they are. Raises
   * TLS_MATERIAL_INVALID, and NOT_SUPPORTED on a listener without TLS: then nothing has changed.
   */
  setTls(tls: TlsServerOptions): void;
  /** Stops accepting; the port is free when it resolves, open connections live on. Idempotent. */
  close(): Promise<void>;
  /** Stops accepting and closes each connection. */
  closeAll(): Promise<void>;
  /** Stops accepting and cuts each connection. Idempotent. */
  destroy(reason?: RoundhouseError): void;
}

const DEFAULT_TLS_TIMEOUT_MS = 10_000;

/**
 * Opens a port. `onConnection` receives each transport, after the handshake where there is TLS; what it throws costs
 * that connection alone. Rejects with ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE, PERMISSION_DENIED, ADDRESS_INVALID or
 * TLS_MATERIAL_INVALID. The end of the scope destroys the listener and its connections.
 */
export async function listen(
  options: ListenOptions,
  onConnection: (transport: Transport) => void,
  scope: Scope = createScope(),
): Promise<Listener> {
  const host = checkHost(options.host);
  const port = checkListenPort(options.port);
  scope.throwIfEnded();
  // Bad material is told before the port is opened.
  if (options.tls !== undefined) secureContextOf({ ...options.tls, role: 'server' });

  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  });
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  const address = formatAddress({ host, port });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(systemError(error, { phase: 'connect', address, host }));
    server.once('error', onError);
    server.listen({ host, port, ...(options.backlog !== undefined && { backlog: options.backlog }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  server.on('error', (error) => options.onClientError?.(systemError(error, { phase: 'connect', address, host })));
  const bound = server.address() as AddressInfo;
  const listener = new StreamListener(
    { host: bound.address, port: bound.port },
    options,
    onConnection,
    scope,
    // Node's callback would wait for the connections; the port itself is free at once.
    () => void (server.listening && server.close()),
  );
  server.on('connection', (socket) => acceptSocket(listener, socket));
  return listener;
}

/** What opens ports: the system's `listen`, or that of a network within the process. */
export type Listen = (
  options: ListenOptions,
  onConnection: (transport: Transport) => void,
  scope?: Scope,
) => Promise<Listener>;

function acceptSocket(listener: StreamListener, socket: Socket): void {
  const { remoteAddress: host, remotePort: port } = socket;
  if (host === undefined || port === undefined) {
    // It left between the system's accept and ours.
    socket.on('error', () => {}).destroy();
    return;
  }
  listener.accept(socket, { peer: formatAddress({ host, port }), host, local: localOf(socket) });
}

/** Raises TLS_MATERIAL_INVALID. */
function checkedTls(options: TlsServerOptions): TlsUpgrade {
  // One object for all connections: its secure context is made once.
  const tls: TlsUpgrade = { ...options, role: 'server' };
  secureContextOf(tls);
  return tls;
}

/** What a listener does with connections, wherever they come from. */
export class StreamListener implements Listener {
  readonly address: Address;
  readonly connections = new Set<StreamTransport>();
  readonly #options: ListenOptions;
  #tls: TlsUpgrade | undefined;
  readonly #onConnection: (transport: Transport) => void;
  readonly #scope: Scope;
  readonly #closePort: () => void;
  readonly #leaveScope: () => void;

  /** Raises TLS_MATERIAL_INVALID. `closePort` stops what calls `accept`; it may be called more than once. */
  constructor(
    address: Address,
    options: ListenOptions,
    onConnection: (transport: Transport) => void,
    scope: Scope,
    closePort: () => void,
  ) {
    this.address = address;
    this.#options = options;
    this.#tls = options.tls && checkedTls(options.tls);
    this.#onConnection = onConnection;
    this.#scope = scope;
    this.#closePort = closePort;
    this.#leaveScope = scope.onEnd((reason) => this.destroy(reason));
  }

  get port(): number {
    return this.address.port;
  }

  setTls(tls: TlsServerOptions): void {
    if (this.#tls === undefined) throw coreError('NOT_SUPPORTED', { details: { what: 'TLS on a plain listener' } });
    this.#tls = checkedTls(tls);
  }

  async close(): Promise<void> {
    this.#leaveScope();
    this.#closePort();
  }

  async closeAll(): Promise<void> {
    await this.close();
    await Promise.all([...this.connections].map((transport) => transport.close()));
  }

  destroy(reason?: RoundhouseError): void {
    void this.close();
    for (const transport of this.connections) transport.destroy(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closeAll();
  }

  /** Takes a connected stream over. */
  accept(stream: ByteStream, place: Pick<StreamTransportInit, 'peer' | 'host' | 'local'>): void {
    const transport = new StreamTransport(stream, {
      ...place,
      clock: this.#scope.clock,
      limits: this.#options.limits,
      onClosed: () => this.connections.delete(transport),
    });
    this.connections.add(transport);
    if (this.#tls === undefined) this.#handOver(transport);
    else void this.#secure(transport, this.#tls);
  }

  async #secure(transport: StreamTransport, tls: TlsUpgrade): Promise<void> {
    const timeoutMs = this.#options.tlsTimeoutMs ?? DEFAULT_TLS_TIMEOUT_MS;
    using handshake = this.#scope.child({ what: 'The TLS handshake', timeoutMs });
    try {
      await transport.upgradeTls(tls, handshake);
    } catch (error) {
      this.#options.onClientError?.(error as RoundhouseError);
      return;
    }
    this.#handOver(transport);
  }

  #handOver(transport: StreamTransport): void {
    try {
      this.#onConnection(transport);
    } catch (cause) {
      const reason = `the connection handler failed for ${transport.peer}: ${String(cause)}`;
      const error = coreError('INTERNAL', { details: { reason }, cause });
      transport.destroy(error);
      this.#options.onClientError?.(error);
    }
  }
}
