import { STATUS_CODES } from 'node:http';
import type { Scope } from '@roundhouse/core';
import { acceptOffer, type BoundedDeflate } from './compression.ts';
import { DEFLATE, type Engine } from './engine.ts';
import { acceptOf, fieldOf, type Opening, type Refusal, type UpgradeRequest } from './handshake.ts';
import {
  checkSubprotocols,
  type CompressionOptions,
  resolveCompression,
  resolveLimits,
  type WebSocketLimits,
} from './options.ts';

/** Who is let in, and how it is spoken with. */
export interface GateOptions {
  /** Sub-protocols that are spoken, best first; the first that the client offers is taken, none when it has none of them. */
  readonly subprotocols?: readonly string[];
  /**
   * Pages that may open a connection from a browser, by their origin, e.g. `https://app.example`. Default `same`: those
   * whose host is that of the request. A client that sends no Origin is no browser, and is let in.
   */
  readonly origins?: 'same' | 'any' | readonly string[];
  /** Asked last, e.g. who it is; what it returns is the answer instead of an upgrade. What it throws is a 500. */
  readonly authorize?: (request: UpgradeRequest, scope: Scope) => Promise<Refusal | undefined> | Refusal | undefined;
  readonly messageLimits?: Partial<WebSocketLimits>;
  /** Default false. */
  readonly compression?: boolean | Partial<CompressionOptions>;
  /** Whether a silent client is asked for a sign of life after half of `idleMs`, and dead after all of it. Default true. */
  readonly heartbeat?: boolean;
}

/** Checked options. */
export interface Gate {
  readonly subprotocols: readonly string[];
  readonly origins: 'same' | 'any' | ReadonlySet<string>;
  readonly authorize: GateOptions['authorize'];
  readonly limits: WebSocketLimits;
  readonly compression: CompressionOptions | undefined;
  readonly hasHeartbeat: boolean;
}

/** What was agreed on with a client that is let in. */
export interface Admission {
  readonly subprotocol: string | null;
  readonly deflate: BoundedDeflate | undefined;
  /** For the field Sec-WebSocket-Extensions. */
  readonly extensions: string | undefined;
}

/** Raises NET_OPTION_INVALID. */
export function resolveGate(options: GateOptions): Gate {
  const { origins = 'same' } = options;
  return {
    subprotocols: checkSubprotocols(options.subprotocols ?? []),
    origins: typeof origins === 'string' ? origins : new Set(origins.map((origin) => origin.toLowerCase())),
    authorize: options.authorize,
    limits: resolveLimits(options.messageLimits),
    compression: resolveCompression(options.compression),
    hasHeartbeat: options.heartbeat ?? true,
  };
}

/** Whether a client is let in, and what is agreed on with it. */
export async function decide(
  engine: Engine,
  gate: Gate,
  request: UpgradeRequest,
  opening: Opening,
  scope: Scope,
): Promise<Admission | Refusal> {
  if (!isOriginAllowed(gate.origins, request)) return { status: 403, reason: 'This origin is not let in.' };
  let extension: Pick<Admission, 'deflate' | 'extensions'> | Refusal;
  try {
    extension = agreeOnExtensions(engine, gate, opening.extensions);
  } catch {
    return { status: 400, reason: 'Sec-WebSocket-Extensions is not well formed.' };
  }
  try {
    const refusal = await gate.authorize?.(request, scope);
    if (refusal !== undefined) return refusal;
  } catch {
    return { status: 500, reason: 'It could not be found out whether you may.' };
  }
  const subprotocol = gate.subprotocols.find((name) => opening.subprotocols.includes(name)) ?? null;
  return { subprotocol, ...extension };
}

/** RFC 6455 §10.2: a page of another site must not use the cookies that the browser adds. */
function isOriginAllowed(origins: Gate['origins'], request: UpgradeRequest): boolean {
  const origin = fieldOf(request, 'origin')?.toLowerCase();
  if (origin === undefined || origins === 'any') return true;
  if (origins !== 'same') return origins.has(origin);
  const page = URL.parse(origin);
  const host = request.authority ?? fieldOf(request, 'host') ?? fieldOf(request, ':authority');
  // The scheme of the page says which port is the default one.
  return page !== null && host !== undefined && page.host === URL.parse(`${page.protocol}//${host}`)?.host;
}

/** Raises a SyntaxError (RFC 6455 §9.1: such a client is refused). */
function agreeOnExtensions(
  engine: Engine,
  { compression, limits }: Gate,
  offered: string | undefined,
): Pick<Admission, 'deflate' | 'extensions'> {
  const offers = offered === undefined ? {} : engine.extension.parse(offered);
  const accepted = compression && acceptOffer(engine, offers[DEFLATE] ?? [], compression, limits);
  return { deflate: accepted?.deflate, extensions: accepted?.header };
}

/** RFC 6455 §4.2.2. */
export function answerText({ key }: { readonly key: string }, { subprotocol, extensions }: Admission): string {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...(subprotocol === null ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** An answer that is no upgrade; the connection ends behind it. */
export function refusalText({ status, reason, headers = {} }: Refusal): string {
  const body = `${reason}\n`;
  const fields = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'Connection' in headers ? `${headers['Connection']}, close` : 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
