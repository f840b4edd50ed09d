import { createScope, type Logger, Machine, type RoundhouseError, type Scope } from '@roundhouse/core';
import { type Address, parseAddress } from '../address.ts';
import type { Listener, ListenOptions } from '../listener.ts';
import type { TlsServerOptions } from '../tls.ts';
import type { Transport, TransportLimits } from '../transport.ts';
import { resolveServerLimits, type ServerLimits } from './limits.ts';
import type { NetRuntime } from './runtime.ts';
import type { NetServer, ServerStats } from './server.ts';
import {
  type CloseReason,
  type Drainable,
  type DrainOptions,
  type DrainReport,
  SESSION_TRANSITIONS,
  type SessionState,
} from './session.ts';
import { resolveTimeouts, type Timeouts } from './timeouts.ts';

/** What every server takes. */
export interface ServerOptions {
  /** Default `127.0.0.1`; the caller decides whether it may be more than loopback. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** TLS from the first byte. */
  readonly tls?: TlsServerOptions;
  readonly limits?: Partial<ServerLimits>;
  readonly timeouts?: Partial<Timeouts>;
  /** Bounds of each connection's transport. */
  readonly transport?: TransportLimits;
}

/** A connection that came in. */
export interface Incoming {
  /** `host:port` of the other side. */
  readonly peer: string;
  /** Cuts it. */
  destroy(reason?: RoundhouseError): void;
}

/** Makes what serves one connection; what it throws costs that connection alone. */
export type ServeConnection<T extends Incoming = Transport> = (incoming: T) => Drainable;

/** What a server needs of a listener. */
export type Port = Pick<Listener, 'address' | 'port' | 'setTls' | 'close' | 'destroy'>;

/** Opens a port whose connections are no transports: for a protocol whose library wants the system's own streams. */
export type OpenPort<T extends Incoming> = (
  options: ListenOptions,
  onConnection: (incoming: T) => void,
  scope: Scope,
) => Promise<Port>;

/**
 * What every server over transports does alike: the port, the connections with their limits, drain. Rejects as `listen`
 * does, or with NET_OPTION_INVALID. The end of the scope aborts the server.
 */
export function openServer(
  protocol: string,
  options: ServerOptions,
  serve: ServeConnection,
  runtime: NetRuntime,
  scope?: Scope,
): Promise<NetServer>;
export function openServer<T extends Incoming>(
  protocol: string,
  options: ServerOptions,
  serve: ServeConnection<T>,
  runtime: NetRuntime,
  scope: Scope | undefined,
  open: OpenPort<T>,
): Promise<NetServer>;
export async function openServer<T extends Incoming>(
  protocol: string,
  options: ServerOptions,
  serve: ServeConnection<T>,
  runtime: NetRuntime,
  scope: Scope = createScope({ clock: runtime.clock }),
  // Without it `T` is Transport: so say the signatures above.
  open: OpenPort<T> = runtime.listen as unknown as OpenPort<T>,
): Promise<NetServer> {
  const server = new ServerCore(protocol, options, serve, runtime, scope, open);
  await server.listen();
  return server;
}

class ServerCore<T extends Incoming> implements NetServer {
  readonly protocol: string;
  readonly closed: Promise<CloseReason>;
  readonly #options: ServerOptions;
  readonly #limits: ServerLimits;
  readonly #timeouts: Timeouts;
  readonly #serve: ServeConnection<T>;
  readonly #open: OpenPort<T>;
  readonly #runtime: NetRuntime;
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #machine = new Machine<SessionState>('server', SESSION_TRANSITIONS, 'open');
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #connections = new Set<Drainable>();
  readonly #perPeer = new Map<string, number>();
  #listener: Port | undefined;
  #accepted = 0;
  #refused = 0;
  #draining: Promise<DrainReport> | undefined;
  #leaveScope = (): void => {};

  constructor(
    protocol: string,
    options: ServerOptions,
    serve: ServeConnection<T>,
    runtime: NetRuntime,
    scope: Scope,
    open: OpenPort<T>,
  ) {
    this.protocol = protocol;
    this.#options = options;
    this.#limits = resolveServerLimits(options.limits);
    this.#timeouts = resolveTimeouts(options.timeouts);
    this.#serve = serve;
    this.#open = open;
    this.#runtime = runtime;
    this.#scope = scope;
    this.#log = runtime.log.child({ protocol });
    this.closed = this.#closed.promise;
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#connections) sum += inFlight;
    return sum;
  }

  get address(): Address {
    return this.#opened().address;
  }

  get port(): number {
    return this.#opened().port;
  }

  stats(): ServerStats {
    return { connections: this.#connections.size, accepted: this.#accepted, refused: this.#refused };
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 0, tls, transport } = this.#options;
    const options: ListenOptions = {
      host,
      port,
      tlsTimeoutMs: this.#timeouts.tlsMs,
      onClientError: (error) => this.#log.debug('a client failed before it was served', { code: error.code }),
      ...(tls !== undefined && { tls }),
      ...(transport !== undefined && { limits: transport }),
    };
    this.#listener = await this.#open(options, (incoming) => this.#accept(incoming), this.#scope);
    this.#leaveScope = this.#scope.onEnd((reason) => this.abort(reason));
  }

  setTls(tls: TlsServerOptions): void {
    this.#opened().setTls(tls);
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#timeouts.drainMs);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    if (this.state === 'closed') return;
    this.#machine.move('closed');
    this.#leaveScope();
    for (const connection of this.#connections) connection.abort(reason);
    this.#listener?.destroy(reason);
    this.#closed.resolve({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  #accept(incoming: T): void {
    const { host } = parseAddress(incoming.peer, 0);
    const ofPeer = this.#perPeer.get(host) ?? 0;
    const { maxConnections, maxPerPeer } = this.#limits;
    if (this.state !== 'open' || this.#connections.size >= maxConnections || ofPeer >= maxPerPeer) {
      this.#refused += 1;
      this.#log.warn('a connection is turned away', { peer: incoming.peer, connections: this.#connections.size });
      incoming.destroy();
      return;
    }
    const connection = this.#serve(incoming);
    this.#accepted += 1;
    this.#connections.add(connection);
    this.#perPeer.set(host, ofPeer + 1);
    void connection.closed.then(() => {
      this.#connections.delete(connection);
      const left = (this.#perPeer.get(host) ?? 1) - 1;
      if (left === 0) this.#perPeer.delete(host);
      else this.#perPeer.set(host, left);
    });
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#runtime;
    const startedAt = clock.monotonic();
    if (this.state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#machine.move('draining');
    await this.#listener?.close();
    const reports = await Promise.all([...this.#connections].map((each) => each.drain({ timeoutMs })));
    this.abort();
    const sum = (of: 'finished' | 'cut'): number => reports.reduce((total, report) => total + report[of], 0);
    return { finished: sum('finished'), cut: sum('cut'), elapsedMs: clock.monotonic() - startedAt };
  }

  #opened(): Port {
    if (this.#listener === undefined) throw new Error('listen() comes first');
    return this.#listener;
  }
}
