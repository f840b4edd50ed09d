import { type Address, checkHost, formatAddress, netError } from '@roundhouse/net';

/** Where a WebSocket is. RFC 6455 §3. */
export interface WebSocketUrl {
  readonly address: Address;
  readonly isSecure: boolean;
  /** Path and query, never empty. */
  readonly target: string;
  /** For the field Host: with the port where it is not the default. */
  readonly authority: string;
}

const PORTS = { 'ws:': 80, 'wss:': 443 } as const;

/**
 * Reads `ws://…` or `wss://…`. Raises NET_OPTION_INVALID: also for a fragment (RFC 6455 §3), and for user and password,
 * which would stand in logs; they go into a field.
 */
export function readWebSocketUrl(text: string): WebSocketUrl {
  const url = URL.parse(text);
  if (url === null) throw invalid(text, 'it is no URL');
  const { protocol, hostname, port, pathname, search, hash, username, password } = url;
  if (protocol !== 'ws:' && protocol !== 'wss:') throw invalid(text, 'it begins with neither ws:// nor wss://');
  if (hash !== '' || text.includes('#')) throw invalid(text, 'it has a fragment');
  if (username !== '' || password !== '') {
    throw invalid(text, 'user and password belong into the field Authorization');
  }
  const host = checkHost(hostname.replace(/^\[|\]$/g, ''));
  const address = { host, port: port === '' ? PORTS[protocol] : Number(port) };
  const authority = port === '' ? formatAddress({ host, port: 1 }).slice(0, -2) : formatAddress(address);
  return { address, isSecure: protocol === 'wss:', target: `${pathname}${search}`, authority };
}

/** Whatever is wrong with it: what stands before an `@` may be a password, and is not shown. */
function invalid(text: string, reason: string): Error {
  const url = text.replace(/^.*@/s, '…@');
  return netError('NET_OPTION_INVALID', { protocol: 'websocket', details: { reason: `${url}: ${reason}` } });
}
