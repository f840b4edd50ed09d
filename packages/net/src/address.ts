import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { netError } from './errors.ts';

/** A host (name or IP address, IPv6 without brackets) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const MAX_NAME_LENGTH = 253;
/** RFC 1123 §2.1, and the underscore that internal names have in practice. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/**
 * Checks a host and returns it as the resolver takes it: an IP address, or a name in ASCII. Raises ADDRESS_INVALID.
 * Short forms of IPv4 (`127.1`, `0x7f000001`) are refused: resolvers disagree about them.
 */
export function checkHost(host: string): string {
  if (isIP(host) !== 0) return host;
  // An ASCII name is taken as written, so that a message shows what the reader typed.
  const name = /^[\x20-\x7e]+$/.test(host) ? host : domainToASCII(host);
  const labels = name.replace(/\.$/, '').split('.');
  if (name === '' || name.length > MAX_NAME_LENGTH || !labels.every((label) => LABEL.test(label))) {
    throw invalid(host, 'neither a host name nor an IP address');
  }
  if (/^(\d+|0x[\da-f]*)$/i.test(labels.at(-1) as string)) {
    throw invalid(host, 'it looks like an IPv4 address but is not one in four parts');
  }
  return name;
}

/** Checks a port to connect to, 1 … 65535. Raises ADDRESS_INVALID. */
export function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(String(port), 'a port is a whole number from 1 to 65535');
  }
  return port;
}

/** Checks a port to listen on, 0 … 65535; 0 lets the system choose. Raises ADDRESS_INVALID. */
export function checkListenPort(port: number): number {
  return port === 0 ? 0 : checkPort(port);
}

/** `host:port`, with an IPv6 address in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/**
 * Reads `HOST`, `HOST:PORT`, `IPV6`, `[IPV6]` or `[IPV6]:PORT`. Raises ADDRESS_INVALID, also when there is neither a
 * port nor a default for it.
 */
export function parseAddress(text: string, defaultPort?: number): Address {
  if (isIPv6(text)) return { host: text, port: portOf(text, undefined, defaultPort) };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) {
    const [, host, port] = bracketed;
    if (host === undefined || !isIPv6(host)) throw invalid(text, 'brackets enclose an IPv6 address');
    return { host, port: portOf(text, port, defaultPort) };
  }
  const [, host, port] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (host === undefined) throw invalid(text, 'a second colon needs an IPv6 address in brackets');
  return { host: checkHost(host), port: portOf(text, port, defaultPort) };
}

function portOf(text: string, port: string | undefined, defaultPort: number | undefined): number {
  if (port === undefined) {
    if (defaultPort === undefined) throw invalid(text, 'the port is missing');
    return defaultPort;
  }
  if (!/^\d{1,5}$/.test(port)) throw invalid(text, 'a port is a whole number from 1 to 65535');
  return checkPort(Number(port));
}

function invalid(address: string, reason: string): Error {
  return netError('ADDRESS_INVALID', { details: { address, reason } });
}
