import { createScope, isRoundhouseError, reportUncaught, type Scope } from '@roundhouse/core';
import {
  createRuntime,
  netError,
  type NetRuntime,
  type NetServer,
  openServer,
  parseHttpHead,
  resolveTimeouts,
  type ServerOptions,
  type Timeouts,
  type Transport,
} from '@roundhouse/net';
import { CLOSE } from './closeCode.ts';
import { type WebSocketConnection, WebSocketCore } from './connection.ts';
import { loadEngine } from './engine.ts';
import { headersOf, type Opening, readOpening, type Refusal, timedOut, type UpgradeRequest } from './handshake.ts';
import { answerText, decide, type Gate, type GateOptions, refusalText, resolveGate } from './gate.ts';
import { Takeover } from './takeover.ts';

/** Serves one connection: it is closed with 1000 when this resolves, with 1011 when it rejects. */
export type WebSocketHandler = (connection: WebSocketConnection, request: UpgradeRequest) => Promise<void>;

export interface WebSocketServerOptions extends ServerOptions, GateOptions {
  /** The one path that is served, without query. Default: each. */
  readonly path?: string;
}

/** Of a request for a WebSocket. */
const MAX_HEAD_BYTES = 16_384;
/** What a request line begins with: a TLS client is not left to wait. */
const METHOD_START = /^[A-Z]*( .*)?$/;
const TRANSPORT_SLACK_BYTES = 1_048_576;
/** RFC 9112 §3. */
const REQUEST_LINE = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/;

/**
 * Serves WebSockets (RFC 6455) on a port of their own. `handler` gets each connection; its scope ends with the
 * connection. Rejects as `listen` does, or with NET_OPTION_INVALID. The end of the scope aborts the server.
 */
export async function serveWebSocket(
  options: WebSocketServerOptions,
  handler: WebSocketHandler,
  runtime: NetRuntime = createRuntime(),
  scope: Scope = createScope({ clock: runtime.clock }),
): Promise<NetServer> {
  const gate = resolveGate(options);
  const timeouts = resolveTimeouts(options.timeouts);
  const transport = { maxBufferedBytes: gate.limits.maxBufferedBytes + TRANSPORT_SLACK_BYTES };
  return openServer(
    'websocket',
    { transport, ...options },
    (accepted) => new Served(accepted, { options, gate, handler, runtime, timeouts }).session,
    runtime,
    scope,
  );
}

interface Service {
  readonly options: WebSocketServerOptions;
  readonly gate: Gate;
  readonly handler: WebSocketHandler;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
}

/** One connection that was accepted. */
class Served {
  readonly #core: WebSocketCore;
  readonly #transport: Transport;
  readonly #service: Service;

  constructor(transport: Transport, service: Service) {
    const { runtime, timeouts } = service;
    this.#transport = transport;
    this.#service = service;
    this.#core = new WebSocketCore({ role: 'server', transport, runtime, timeouts, openedInMs: 0 });
    void this.#serve();
  }

  get session(): WebSocketCore['session'] {
    return this.#core.session;
  }

  async #serve(): Promise<void> {
    try {
      const takeover = new Takeover(this.#transport);
      const request = await this.#read(takeover);
      if (request !== undefined) await this.#open(takeover, request);
    } catch (error) {
      if (!isRoundhouseError(error)) reportUncaught(error);
      else this.session.lost(error);
    }
  }

  async #read(takeover: Takeover): Promise<UpgradeRequest | undefined> {
    const { greetingMs } = this.#service.timeouts;
    using greeting = this.session.scope.child({ what: 'The WebSocket handshake', timeoutMs: greetingMs });
    let bytes: Uint8Array;
    try {
      bytes = await takeover.head(MAX_HEAD_BYTES, greeting, METHOD_START);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'PROTOCOL_VIOLATION') this.#refuse({ status: 400, reason: 'This is no request of HTTP/1.1.' });
      if (code === 'MESSAGE_TOO_LARGE') this.#refuse({ status: 431, reason: 'The head is too large.' });
      throw timedOut(error, this.#transport.peer);
    }
    const head = parseHttpHead(bytes);
    const [, method, target] = typeof head === 'string' ? [] : (REQUEST_LINE.exec(head.startLine) ?? []);
    if (typeof head === 'string' || method === undefined || target === undefined) {
      this.#refuse({ status: 400, reason: 'This is no request of HTTP/1.1.' });
      return undefined;
    }
    return { method, target, headers: headersOf(head.fields) };
  }

  async #open(takeover: Takeover, request: UpgradeRequest): Promise<void> {
    const { options, gate, handler } = this.#service;
    const { path } = options;
    if (path !== undefined && request.target.split('?', 1)[0] !== path) {
      return this.#refuse({ status: 404, reason: 'There is nothing at this path.' });
    }
    const opening = readOpening(request);
    if ('status' in opening) return this.#refuse(opening);
    const engine = await loadEngine();
    const decision = await decide(engine, gate, request, opening, this.session.scope);
    if ('status' in decision) return this.#refuse(decision);
    this.session.scope.throwIfEnded();
    this.#transport.write(Buffer.from(answerText(opening as Opening & { key: string }, decision), 'latin1'));
    const { subprotocol, deflate } = decision;
    const { limits, hasHeartbeat } = gate;
    const opened = this.#core.open({ engine, subprotocol, deflate, limits, hasHeartbeat });
    takeover.handOver(opened.handler);
    // Not waited for: what the handshake has needed is not kept as long as the connection lives.
    void runHandler(handler, opened.connection, request).catch(reportUncaught);
  }

  #refuse(refusal: Refusal): void {
    this.#transport.write(Buffer.from(refusalText(refusal), 'latin1'));
    this.#core.isAnswered = true;
    const remote = { status: String(refusal.status), text: refusal.reason };
    const { peer } = this.#transport;
    const place = { protocol: 'websocket', phase: 'negotiate', peer, remote } as const;
    this.session.lost(netError('PEER_REFUSED', { ...place, details: { reason: refusal.reason } }));
  }
}

/** Runs a handler to its end, and ends the connection as it ends. */
export async function runHandler(
  handler: WebSocketHandler,
  connection: WebSocketConnection,
  request: UpgradeRequest,
): Promise<void> {
  try {
    await handler(connection, request);
    await connection.close(CLOSE.Normal);
  } catch (error) {
    // What failed because the connection ended, or is ending, is no fault of the handler.
    if (connection.state !== 'open') return;
    if (!isRoundhouseError(error)) reportUncaught(error);
    await connection.close(CLOSE.InternalError);
  }
}
