import type { Scope } from '@roundhouse/core';
import {
  createRuntime,
  type DialHooks,
  dialTransport,
  establish,
  formatAddress,
  netError,
  type NetRuntime,
  parseHttpHead,
  resolveTimeouts,
  type Timeouts,
  type TlsClientOptions,
  type Transport,
} from '@roundhouse/net';
import { CompressionOffer } from './compression.ts';
import { WebSocketCore, type WebSocketConnection } from './connection.ts';
import { DEFLATE, type Engine, loadEngine } from './engine.ts';
import {
  type Agreement,
  type ClientRequest,
  newKey,
  readAnswer,
  requestText,
  timedOut,
  violation,
} from './handshake.ts';
import { openHttp2Tunnel } from './http2Tunnel.ts';
import {
  checkSubprotocols,
  type CompressionOptions,
  resolveCompression,
  resolveLimits,
  type WebSocketLimits,
} from './options.ts';
import { Takeover } from './takeover.ts';
import { readWebSocketUrl, type WebSocketUrl } from './url.ts';

export interface WebSocketOptions {
  /** `ws://…` or `wss://…`. */
  readonly url: string;
  /** Best first. */
  readonly subprotocols?: readonly string[];
  /** More fields of the request, e.g. Authorization, Cookie, Origin. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For `wss`. */
  readonly tls?: Omit<TlsClientOptions, 'alpn'>;
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<WebSocketLimits>;
  /** Default false. */
  readonly compression?: boolean | Partial<CompressionOptions>;
  /** Whether a silent peer is asked for a sign of life after half of `idleMs`, and dead after all of it. Default true. */
  readonly heartbeat?: boolean;
  /** Default `1.1`; `2` is an extended CONNECT over HTTP/2 (RFC 8441), for servers that have it. */
  readonly http?: '1.1' | '2';
  /** Told at the start of each phase of connecting. */
  readonly onPhase?: NonNullable<DialHooks['onPhase']>;
}

/** Of the server's answer to the handshake. */
const MAX_HEAD_BYTES = 16_384;
/** What a status line begins with, or the part of it that has come. */
const STATUS_START = /^(H(T(T(P(\/(1(\.(.)?)?)?)?)?)?)?)?$/;
/** Beyond what messages may take: answers to pings, the last frame. */
const TRANSPORT_SLACK_BYTES = 1_048_576;
/** Fields that are the handshake's own. */
const OWN_FIELDS = /^(host|upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

interface Resolved {
  readonly url: WebSocketUrl;
  readonly timeouts: Timeouts;
  readonly limits: WebSocketLimits;
  readonly compression: CompressionOptions | undefined;
  readonly subprotocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a WebSocket (RFC 6455). Rejects with NET_OPTION_INVALID, the errors of dialling and TLS, PROTOCOL_VIOLATION, what
 * the server refused with (PEER_REFUSED, PEER_UNAVAILABLE, PEER_LOGIN_REFUSED, PEER_NOT_FOUND), TIMEOUT of the phase
 * `negotiate`, or the reason of the scope; nothing is left open then. Redirects are not followed.
 */
export async function connectWebSocket(
  options: WebSocketOptions,
  scope: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<WebSocketConnection> {
  const resolved = resolve(options);
  const peer = formatAddress(resolved.url.address);
  return establish('websocket', peer, runtime, scope, async (elapsedMs) => {
    const engine = await loadEngine();
    const opened = await (options.http === '2' ? overHttp2 : overHttp1)(engine, resolved, options, runtime, scope);
    const { transport, takeover, agreement, deflate } = opened;
    const { timeouts, limits } = resolved;
    const core = new WebSocketCore({ role: 'client', transport, runtime, timeouts, openedInMs: elapsedMs() });
    const { subprotocol } = agreement;
    const hasHeartbeat = options.heartbeat ?? true;
    const { connection, handler } = core.open({ engine, subprotocol, deflate, limits, hasHeartbeat });
    if (takeover === undefined) transport.start(handler);
    else takeover.handOver(handler);
    return connection;
  });
}

function resolve(options: WebSocketOptions): Resolved {
  const { headers = {} } = options;
  for (const [name, value] of Object.entries(headers)) {
    if (
      /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) &&
      /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
      !OWN_FIELDS.test(name)
    )
      continue;
    const reason = `the field ${JSON.stringify(name)} cannot be set, or its value has characters that it may not have`;
    throw netError('NET_OPTION_INVALID', { protocol: 'websocket', details: { reason } });
  }
  return {
    url: readWebSocketUrl(options.url),
    timeouts: resolveTimeouts(options.timeouts),
    limits: resolveLimits(options.limits),
    compression: resolveCompression(options.compression),
    subprotocols: checkSubprotocols(options.subprotocols ?? []),
    headers,
  };
}

interface Opened {
  readonly transport: Transport;
  /** Absent where nobody has attached to the transport yet. */
  readonly takeover: Takeover | undefined;
  readonly agreement: Agreement;
  readonly deflate: ReturnType<CompressionOffer['accept']> | undefined;
}

async function overHttp1(
  engine: Engine,
  resolved: Resolved,
  options: WebSocketOptions,
  runtime: NetRuntime,
  scope: Scope,
): Promise<Opened> {
  const { url, timeouts, limits } = resolved;
  const tls = url.isSecure ? { ...options.tls, alpn: ['http/1.1'] } : undefined;
  const transportLimits = { maxBufferedBytes: limits.maxBufferedBytes + TRANSPORT_SLACK_BYTES };
  const dial = { tls, timeouts, limits: transportLimits };
  const transport = await dialTransport(url.address, dial, runtime, scope, options);
  try {
    using greeting = scope.child({ what: 'The WebSocket handshake', timeoutMs: timeouts.greetingMs });
    const offer = offerOf(engine, resolved);
    const request: ClientRequest = { ...requestOf(resolved, offer), key: newKey() };
    const takeover = new Takeover(transport);
    options.onPhase?.('negotiate');
    transport.write(Buffer.from(requestText(request), 'latin1'));
    const head = parseHttpHead(await takeover.head(MAX_HEAD_BYTES, greeting, STATUS_START));
    if (typeof head === 'string') throw violation(head, transport.peer);
    const agreement = readAnswer(head, request, transport.peer);
    return { transport, takeover, agreement, deflate: acceptAnswer(engine, offer, agreement, transport.peer) };
  } catch (error) {
    transport.destroy();
    throw timedOut(error, transport.peer);
  }
}

async function overHttp2(
  engine: Engine,
  resolved: Resolved,
  options: WebSocketOptions,
  runtime: NetRuntime,
  scope: Scope,
): Promise<Opened> {
  const offer = offerOf(engine, resolved);
  const request = requestOf(resolved, offer);
  const { url, timeouts, limits } = resolved;
  const tls = url.isSecure ? { ...options.tls, alpn: ['h2'] } : undefined;
  const transportLimits = { maxBufferedBytes: limits.maxBufferedBytes + TRANSPORT_SLACK_BYTES };
  const { transport, agreement } = await openHttp2Tunnel(
    { address: url.address, tls, timeouts, request, limits: transportLimits, hooks: options },
    runtime,
    scope,
  );
  try {
    const deflate = acceptAnswer(engine, offer, agreement, transport.peer);
    return { transport, takeover: undefined, agreement, deflate };
  } catch (error) {
    transport.destroy();
    throw error;
  }
}

function offerOf(engine: Engine, { compression, limits }: Resolved): CompressionOffer | undefined {
  return compression && new CompressionOffer(engine, compression, limits);
}

function requestOf({ url, subprotocols, headers }: Resolved, offer: CompressionOffer | undefined) {
  return { target: url.target, authority: url.authority, subprotocols, extensions: offer?.header, headers };
}

/** RFC 6455 §4.1, step 5 on the answer: an extension that does not fit the offer fails the connection. */
function acceptAnswer(engine: Engine, offer: CompressionOffer | undefined, { extensions }: Agreement, peer: string) {
  if (offer === undefined || extensions === undefined) return undefined;
  try {
    const parsed = engine.extension.parse(extensions);
    const params = parsed[DEFLATE];
    if (params === undefined || params.length !== 1 || Object.keys(parsed).length !== 1) throw new Error('not offered');
    return offer.accept(params);
  } catch (cause) {
    throw violation(`it uses extensions otherwise than they were offered: ${(cause as Error).message}`, peer);
  }
}
