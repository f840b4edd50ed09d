import type { Server } from 'node:http';
import type { Scope } from '@roundhouse/core';
import { createRuntime, type Drainable, type NetRuntime, type NetServer, openServer } from '@roundhouse/net';
import type { HttpHandler } from '../message.ts';
import type { Router } from '../router/router.ts';
import { type AcceptedStream, portOpener } from './accepted.ts';
import { WaitWatch, type ServerConnection } from './connection.ts';
import { createHttp1Engine, Http1Connection } from './http1.ts';
import { Http2Connection } from './http2.ts';
import { type HttpServerOptions, type HttpSettings, resolveHttpSettings } from './options.ts';
import { UndecidedConnection } from './undecided.ts';

/**
 * Serves HTTP/1.1 and HTTP/2 on one port: over TLS the client chooses (ALPN); without TLS it is HTTP/1.1, and with
 * `h2c` also HTTP/2 of clients that know. Rejects as `listen` does, or with NET_OPTION_INVALID. The end of the scope
 * aborts the server.
 */
export function serveHttp(
  options: HttpServerOptions,
  handler: HttpHandler | Router,
  runtime: NetRuntime = createRuntime(),
  scope?: Scope,
): Promise<NetServer> {
  const { versions = ['h2', 'http/1.1'], tls, ...rest } = options;
  const settings = resolveHttpSettings(options);
  const acceptor = new Acceptor(settings, typeof handler === 'function' ? handler : handler.handler, runtime, options);
  return openServer<AcceptedStream>(
    'http',
    { ...rest, ...(tls !== undefined && { tls: { alpn: versions, ...tls } }) },
    (accepted) => acceptor.accept(accepted),
    runtime,
    scope,
    portOpener(runtime),
  );
}

/** Gives each connection to the version that it speaks. */
class Acceptor {
  readonly #settings: HttpSettings;
  readonly #handler: HttpHandler;
  readonly #runtime: NetRuntime;
  readonly #options: HttpServerOptions;
  readonly #engine: Server;
  readonly #watch: WaitWatch;

  constructor(settings: HttpSettings, handler: HttpHandler, runtime: NetRuntime, options: HttpServerOptions) {
    this.#settings = settings;
    this.#handler = handler;
    this.#runtime = runtime;
    this.#options = options;
    this.#engine = createHttp1Engine(settings);
    this.#watch = new WaitWatch(settings, runtime);
  }

  accept(accepted: AcceptedStream): Drainable {
    const { tls } = accepted;
    if (tls?.alpn === 'h2') return this.#serve(accepted, 'h2');
    const { h2c = false } = this.#options;
    if (tls !== null || !h2c) return this.#serve(accepted, 'http/1.1');
    return new UndecidedConnection(accepted, this.#settings.timeouts, this.#runtime, (version) =>
      this.#serve(accepted, version),
    );
  }

  #serve(accepted: AcceptedStream, version: 'h2' | 'http/1.1'): ServerConnection {
    const connection =
      version === 'h2'
        ? new Http2Connection(accepted, this.#handler, this.#settings, this.#runtime, 0)
        : new Http1Connection(accepted, this.#engine, this.#handler, this.#settings, this.#runtime, 0);
    this.#watch.add(connection);
    return connection;
  }
}
