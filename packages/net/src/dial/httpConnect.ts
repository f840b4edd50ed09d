import type { RoundhouseError, Scope } from '@roundhouse/core';
import { type Address, formatAddress } from '../address.ts';
import { parseHttpHead, parseStatusLine } from '../bytes/httpHead.ts';
import { netError } from '../errors.ts';
import type { Target } from '../socket.ts';
import { type ByteStream, byteStreamOf } from '../streamTransport.ts';
import { endedDuring } from '../systemError.ts';
import type { TlsClientOptions } from '../tls.ts';
import type { Dialer, DialHooks, Dialled } from './dialer.ts';
import { addressOf, type ProxyCredentials, proxyName } from './proxy.ts';
import { type ProxyDialog, withProxy } from './proxyDialog.ts';
import { secureStream } from './secure.ts';

export interface HttpConnectOptions {
  readonly proxy: Target;
  /** Sent by the Basic scheme (RFC 7617): over a plain connection everybody on the way can read them. */
  readonly credentials?: ProxyCredentials;
  /** The proxy itself is spoken to over TLS. */
  readonly tls?: TlsClientOptions;
}

/** Of all that a proxy says before the connection is the caller's. */
const MAX_HEAD_BYTES = 16_384;
const MAX_REASON_LENGTH = 120;
const PROTOCOL = 'http-connect';

/**
 * Connects through an HTTP proxy by CONNECT (RFC 9110 §9.3.6), which resolves the name; `via` reaches the proxy. Raises
 * NET_OPTION_INVALID. Dialling rejects with PROXY_REFUSED, PEER_UNAVAILABLE for a proxy that cannot do it now,
 * PROTOCOL_VIOLATION, or the TLS errors of the proxy.
 */
export function createHttpConnectDialer(options: HttpConnectOptions, via: Dialer): Dialer {
  const { proxy, credentials, tls } = options;
  // RFC 7617 §2: the first colon ends the user name.
  if (credentials !== undefined && /[:\p{Cc}]/u.test(credentials.username)) {
    const reason = 'the user name for an HTTP proxy has a colon or a control character';
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  return { name: PROTOCOL, dial };

  async function dial(target: Target, scope: Scope, hooks: DialHooks = {}): Promise<Dialled> {
    const name = proxyName(proxy);
    const address = addressOf(target, `the HTTP proxy ${name}`);
    const dialled = await via.dial(proxy, scope, hooks);
    const { local } = dialled;
    const stream = tls === undefined ? dialled.stream : await secured(dialled, tls, name, scope, hooks);
    hooks.onPhase?.('negotiate');
    await withProxy(stream, { protocol: PROTOCOL, proxy: name }, scope, (dialog) =>
      ask(dialog, name, address, credentials),
    );
    return { stream, peer: formatAddress(address), host: address.host, local };
  }
}

async function secured(
  { stream, host }: Dialled,
  tls: TlsClientOptions,
  proxy: string,
  scope: Scope,
  hooks: DialHooks,
): Promise<ByteStream> {
  hooks.onPhase?.('tls');
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = scope.onEnd((reason) => {
    stream.destroy();
    reject(endedDuring('tls', proxy, reason));
  });
  try {
    return byteStreamOf((await Promise.race([secureStream(stream, tls, host, proxy), promise])).stream);
  } finally {
    leave();
  }
}

async function ask(
  dialog: ProxyDialog,
  proxy: string,
  address: Address,
  credentials: ProxyCredentials | undefined,
): Promise<void> {
  dialog.write(requestOf(address, credentials));
  for (let left = MAX_HEAD_BYTES; ; ) {
    const bytes = await dialog.head(left);
    left -= bytes.byteLength;
    const head = parseHttpHead(bytes);
    const violation = (reason: string): RoundhouseError =>
      netError('PROTOCOL_VIOLATION', { protocol: PROTOCOL, phase: 'negotiate', peer: proxy, details: { reason } });
    if (typeof head === 'string') throw violation(head);
    const answer = parseStatusLine(head.startLine);
    if (answer === undefined) throw violation('the answer has no status line of HTTP/1');
    const { status, text } = answer;
    // RFC 9110 §9.3.6: any 2xx means the tunnel, and length or coding of a body in it mean nothing.
    if (status >= 200 && status < 300) return;
    if (status === 101) throw violation('it switches protocols, which nobody asked for');
    // RFC 9110 §15.2: others of 1xx may come before the answer.
    if (status >= 200) throw refusal(status, text, proxy, address);
  }
}

function refusal(status: number, text: string, proxy: string, address: Address): RoundhouseError {
  const words = text.slice(0, MAX_REASON_LENGTH);
  const remote = { status: String(status), text: words };
  const phase = status === 407 ? 'authenticate' : 'negotiate';
  // RFC 9110 §15.6: it tried and could not, or cannot now. That may be another time.
  if (status >= 502 && status <= 504) {
    return netError('PEER_UNAVAILABLE', { protocol: PROTOCOL, phase, peer: proxy, remote, details: { proxy } });
  }
  const reason = status === 407 ? `it wants a log-in (407)` : `${status} ${words}`.trim();
  const details = { proxy, reason };
  return netError('PROXY_REFUSED', { protocol: PROTOCOL, phase, peer: formatAddress(address), remote, details });
}

function requestOf(address: Address, credentials: ProxyCredentials | undefined): string {
  const authority = formatAddress(address);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) {
    const { username, password } = credentials;
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
