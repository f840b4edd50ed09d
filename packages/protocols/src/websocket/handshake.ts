import { createHash, randomBytes } from 'node:crypto';
import { type HttpHead, netError, type NetError, parseStatusLine } from '@roundhouse/net';

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const VERSION = '13';
const MAX_TEXT_LENGTH = 120;
/** Sixteen bytes in base64. RFC 6455 §4.1. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Fields of a request or an answer by their names in lower case. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** What a client asks for: the part of a request that the opening handshake is about. */
export interface UpgradeRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Names in lower case; the shape of Node's `headers`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of an extended CONNECT; default: `:protocol` among the headers. */
  readonly protocol?: string | undefined;
  /** Host and port as the client named them; default: `host` or `:authority` among the headers. */
  readonly authority?: string | undefined;
}

/** An answer that is no upgrade. */
export interface Refusal {
  readonly status: number;
  /** One sentence for whoever reads it. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is a good opening handshake. */
export interface Opening {
  /** Absent over HTTP/2, where nothing is to be proved. */
  readonly key: string | undefined;
  readonly subprotocols: readonly string[];
  /** As sent; undefined when the client offers none. */
  readonly extensions: string | undefined;
}

export function newKey(): string {
  return randomBytes(16).toString('base64');
}

/** RFC 6455 §4.2.2. */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** The fields of a request in the shape of Node's `headers`. */
export function headersOf(fields: Fields): UpgradeRequest['headers'] {
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

/** All values of a field, as one list (RFC 9110 §5.3). */
export function fieldOf({ headers }: Pick<UpgradeRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

function hasToken(list: string | undefined, token: string): boolean {
  return (list ?? '').split(',').some((each) => each.trim().toLowerCase() === token);
}

/** Checks a client's handshake over HTTP/1.1. RFC 6455 §4.2.1. */
export function readOpening(request: UpgradeRequest): Opening | Refusal {
  const field = (name: string): string | undefined => fieldOf(request, name);
  if (!hasToken(field('upgrade'), 'websocket') || !hasToken(field('connection'), 'upgrade')) {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade' };
    return { status: 426, reason: 'This address speaks WebSocket.', headers };
  }
  if (request.method !== 'GET') return { status: 405, reason: 'The method must be GET.', headers: { Allow: 'GET' } };
  if (field('host') === undefined || Array.isArray(request.headers['host'])) {
    return { status: 400, reason: 'There must be one Host.' };
  }
  // Some clients of before the standard have other versions: they are told which one it is (§4.4).
  if (field('sec-websocket-version') !== VERSION) {
    return { status: 426, reason: 'The version must be 13.', headers: { 'Sec-WebSocket-Version': VERSION } };
  }
  const key = field('sec-websocket-key');
  if (key === undefined || !KEY.test(key)) return { status: 400, reason: 'Sec-WebSocket-Key must be 16 bytes.' };
  return withSubprotocols(request, key);
}

/** Checks an extended CONNECT over HTTP/2. RFC 8441 §4, §5. */
export function readHttp2Opening(request: UpgradeRequest): Opening | Refusal {
  if (request.method !== 'CONNECT' || (request.protocol ?? fieldOf(request, ':protocol')) !== 'websocket') {
    return { status: 501, reason: 'This address speaks WebSocket.' };
  }
  const version = fieldOf(request, 'sec-websocket-version');
  if (version !== VERSION) {
    return { status: 400, reason: 'The version must be 13.', headers: { 'sec-websocket-version': VERSION } };
  }
  return withSubprotocols(request, undefined);
}

function withSubprotocols(request: UpgradeRequest, key: string | undefined): Opening | Refusal {
  const list = fieldOf(request, 'sec-websocket-protocol');
  const subprotocols = list === undefined ? [] : list.split(',').map((name) => name.trim());
  const isToken = (name: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
  if (!subprotocols.every(isToken) || new Set(subprotocols).size < subprotocols.length) {
    return { status: 400, reason: 'Sec-WebSocket-Protocol must be tokens, none of them twice.' };
  }
  return { key, subprotocols, extensions: fieldOf(request, 'sec-websocket-extensions') };
}

/** What a client sends. */
export interface ClientRequest {
  /** Path and query. */
  readonly target: string;
  /** Host, with the port where it is not the default. */
  readonly authority: string;
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly extensions: string | undefined;
  /** More fields; checked. */
  readonly headers: Readonly<Record<string, string>>;
}

export function requestText({ target, authority, key, subprotocols, extensions, headers }: ClientRequest): string {
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${authority}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${VERSION}`,
    ...(subprotocols.length > 0 ? [`Sec-WebSocket-Protocol: ${subprotocols.join(', ')}`] : []),
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The fields of an extended CONNECT. RFC 8441 §5. */
export function http2Fields(
  request: Omit<ClientRequest, 'key'>,
  scheme: 'http' | 'https',
): Readonly<Record<string, string>> {
  const { target, authority, subprotocols, extensions, headers } = request;
  return {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': scheme,
    ':path': target,
    ':authority': authority,
    'sec-websocket-version': VERSION,
    ...(subprotocols.length > 0 && { 'sec-websocket-protocol': subprotocols.join(', ') }),
    ...(extensions !== undefined && { 'sec-websocket-extensions': extensions }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  };
}

/** What a server has agreed to. */
export interface Agreement {
  readonly subprotocol: string | null;
  readonly extensions: string | undefined;
}

/** Checks the answer of a server over HTTP/1.1. RFC 6455 §4.1. Raises a NetError. */
export function readAnswer(head: HttpHead, request: ClientRequest, peer: string): Agreement {
  const line = parseStatusLine(head.startLine);
  if (line === undefined) throw violation('the answer has no status line of HTTP/1', peer);
  if (line.status !== 101) throw refused(line.status, line.text, peer);
  const field = (name: string): string | undefined => head.fields.get(name)?.join(', ');
  if (field('upgrade')?.toLowerCase() !== 'websocket') throw violation('it switches to another protocol', peer);
  if (!hasToken(field('connection'), 'upgrade')) throw violation('the answer has no Connection: Upgrade', peer);
  if (field('sec-websocket-accept') !== acceptOf(request.key)) {
    throw violation('Sec-WebSocket-Accept does not fit the key that was sent', peer);
  }
  return agreed(field, request, peer);
}

/** What the server chose, where there is only that to check. Raises a NetError. */
export function agreed(
  field: (name: string) => string | undefined,
  { subprotocols, extensions: offered }: Pick<ClientRequest, 'subprotocols' | 'extensions'>,
  peer: string,
): Agreement {
  const subprotocol = field('sec-websocket-protocol') ?? null;
  if (subprotocol !== null && !subprotocols.includes(subprotocol)) {
    throw violation(`it chose the sub-protocol ${subprotocol.slice(0, MAX_TEXT_LENGTH)}, which was not offered`, peer);
  }
  const extensions = field('sec-websocket-extensions');
  if (extensions !== undefined && offered === undefined) {
    throw violation('it uses an extension that was not offered', peer);
  }
  return { subprotocol, extensions };
}

export function violation(reason: string, peer: string): NetError {
  const details = { reason };
  return netError('PROTOCOL_VIOLATION', { protocol: 'websocket', phase: 'negotiate', peer, sent: 'all', details });
}

/** The error of an answer that is no upgrade. */
export function refused(status: number, text: string, peer: string): NetError {
  const remote = { status: String(status), text: text.slice(0, MAX_TEXT_LENGTH) };
  const place = { protocol: 'websocket', phase: 'negotiate', peer, sent: 'all', remote } as const;
  if (status === 401) return netError('PEER_LOGIN_REFUSED', { ...place, phase: 'authenticate' });
  if (status === 404) return netError('PEER_NOT_FOUND', { ...place, details: { what: 'WebSocket at this path' } });
  const isLater = status === 429 || (status >= 502 && status <= 504);
  return netError(isLater ? 'PEER_UNAVAILABLE' : 'PEER_REFUSED', place);
}

/** The end of the handshake's time is a TIMEOUT. */
export function timedOut(error: unknown, peer: string): unknown {
  const { code, details } = error as { code?: string; details?: Readonly<Record<string, unknown>> };
  if (code !== 'DEADLINE_EXCEEDED') return error;
  const timeout_ms = details?.['timeout_ms'];
  const place = { protocol: 'websocket', phase: 'negotiate', peer, sent: 'all' } as const;
  return netError('TIMEOUT', { ...place, details: { timeout_ms }, cause: error });
}
