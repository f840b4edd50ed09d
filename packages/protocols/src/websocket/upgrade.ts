import type { Duplex } from 'node:stream';
import { reportUncaught, type Scope } from '@roundhouse/core';
import {
  createRuntime,
  type NetRuntime,
  resolveTimeouts,
  type Timeouts,
  type TlsInfo,
  transportOf,
} from '@roundhouse/net';
import { type WebSocketConnection, WebSocketCore } from './connection.ts';
import { loadEngine } from './engine.ts';
import { type Admission, answerText, decide, type Gate, type GateOptions, refusalText, resolveGate } from './gate.ts';
import { readHttp2Opening, readOpening, type Refusal, type UpgradeRequest } from './handshake.ts';
import { runHandler, type WebSocketHandler } from './server.ts';

export interface UpgradeOptions extends GateOptions {
  /** `host:port` of the client, for logs and errors. Default `client`. */
  readonly peer?: string;
  readonly tls?: TlsInfo | null;
  readonly timeouts?: Partial<Timeouts>;
}

/** The stream of an extended CONNECT: that of node:http2, on a server. */
interface Http2Stream extends Duplex {
  respond(headers: Readonly<Record<string, string | number>>, options?: { endStream?: boolean }): void;
}

const TRANSPORT_SLACK_BYTES = 1_048_576;

/**
 * Takes a request of an HTTP server over: an `Upgrade` of HTTP/1.1 with its socket and the bytes behind the head, or an
 * extended CONNECT of HTTP/2 with its stream (RFC 8441; `method` is CONNECT and `headers` has `:protocol`). Resolves with
 * the connection, or undefined when the client was refused and has its answer. Raises NET_OPTION_INVALID.
 */
export async function upgradeWebSocket(
  request: UpgradeRequest,
  stream: Duplex,
  head: Uint8Array,
  options: UpgradeOptions = {},
  runtime: NetRuntime = createRuntime(),
): Promise<WebSocketConnection | undefined> {
  const gate = resolveGate(options);
  const timeouts = resolveTimeouts(options.timeouts);
  const isHttp2 = request.method === 'CONNECT';
  const answer = isHttp2 ? http2Answer(stream as Http2Stream) : http1Answer(stream);
  const { peer = 'client', tls = null } = options;
  // Before the first wait: a client that leaves meanwhile must not be an error that nobody listens for.
  const limits = { maxBufferedBytes: gate.limits.maxBufferedBytes + TRANSPORT_SLACK_BYTES };
  const transport = transportOf(stream, { peer, tls, limits, clock: runtime.clock });
  const core = new WebSocketCore({ role: 'server', transport, runtime, timeouts, openedInMs: 0 });

  const opening = isHttp2 ? readHttp2Opening(request) : readOpening(request);
  const engine = await loadEngine();
  const decision = 'status' in opening ? opening : await decide(engine, gate, request, opening, core.session.scope);
  if (stream.destroyed) {
    core.session.lost();
    return undefined;
  }
  if ('status' in decision || 'status' in opening) {
    answer.refuse(decision as Refusal);
    core.isAnswered = true;
    core.session.abort();
    return undefined;
  }
  answer.accept(opening.key ?? '', decision);
  return begin(core, gate, decision, engine, head);
}

function begin(
  core: WebSocketCore,
  { limits, hasHeartbeat }: Gate,
  { subprotocol, deflate }: Admission,
  engine: Awaited<ReturnType<typeof loadEngine>>,
  head: Uint8Array,
): WebSocketConnection {
  const { connection, handler } = core.open({ engine, subprotocol, deflate, limits, hasHeartbeat });
  core.init.transport.start(handler);
  if (head.byteLength > 0) handler.data(head);
  return connection;
}

/** Of an HTTP server: takes what asks for a WebSocket over. */
export type WebSocketUpgradeHook = (
  request: UpgradeRequest & Pick<UpgradeOptions, 'peer' | 'tls'>,
  stream: Duplex,
  head: Uint8Array,
  scope: Scope,
  whenDraining?: (callback: () => void) => void,
) => boolean;

/**
 * The `upgrade` of `serveHttp`: `handler` gets each connection, over HTTP/1.1 and HTTP/2 alike. The end of the server's
 * scope of the request aborts the connection; its drain closes it with 1001. Raises NET_OPTION_INVALID.
 */
export function webSocketHook(
  options: Omit<UpgradeOptions, 'peer' | 'tls'>,
  handler: WebSocketHandler,
  runtime: NetRuntime = createRuntime(),
): WebSocketUpgradeHook {
  resolveGate(options);
  return (request, stream, head, scope, whenDraining) => {
    const { peer, tls } = request;
    const own = { ...options, ...(peer !== undefined && { peer }), ...(tls !== undefined && { tls }) };
    void (async () => {
      const connection = await upgradeWebSocket(request, stream, head, own, runtime);
      if (connection === undefined) return;
      const leave = scope.onEnd((reason) => connection.abort(reason));
      whenDraining?.(() => void connection.drain());
      await runHandler(handler, connection, request);
      leave();
    })().catch(reportUncaught);
    return true;
  };
}

interface Answer {
  accept(key: string, admission: Admission): void;
  refuse(refusal: Refusal): void;
}

function http1Answer(stream: Duplex): Answer {
  return {
    accept: (key, admission) => void stream.write(answerText({ key }, admission), 'latin1'),
    refuse: (refusal) => void stream.write(refusalText(refusal), 'latin1'),
  };
}

/** RFC 8441 §5: the stream is opened by 2xx, and there is neither Upgrade nor a key. */
function http2Answer(stream: Http2Stream): Answer {
  return {
    accept(_key, { subprotocol, extensions }) {
      stream.respond({
        ':status': 200,
        ...(subprotocol !== null && { 'sec-websocket-protocol': subprotocol }),
        ...(extensions !== undefined && { 'sec-websocket-extensions': extensions }),
      });
    },
    refuse({ status, reason, headers = {} }) {
      const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
      const own = fields.filter(([name]) => name !== 'connection' && name !== 'upgrade');
      // RFC 9113 §8.6: 426 has no meaning without Upgrade.
      const known = status === 426 ? 400 : status;
      stream.respond({ ':status': known, 'content-type': 'text/plain; charset=utf-8', ...Object.fromEntries(own) });
      stream.write(`${reason}\n`);
    },
  };
}
