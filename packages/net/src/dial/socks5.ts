import { isIP, isIPv4 } from 'node:net';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import { type Address, formatAddress } from '../address.ts';
import { netError, type NetErrorCode } from '../errors.ts';
import type { Target } from '../socket.ts';
import type { Dialer, DialHooks, Dialled } from './dialer.ts';
import { addressOf, type ProxyCredentials, proxyName } from './proxy.ts';
import { type ProxyDialog, withProxy } from './proxyDialog.ts';

export interface Socks5Options {
  readonly proxy: Target;
  /** User name and password have 1 … 255 bytes each. Without them the proxy must ask for none. */
  readonly credentials?: ProxyCredentials;
}

/** RFC 1928 §3, §4; RFC 1929 §2. */
const VERSION = 5;
const CONNECT = 1;
const METHOD = { None: 0, Password: 2, NotAcceptable: 0xff } as const;
const ADDRESS_TYPE = { IPv4: 1, Name: 3, IPv6: 4 } as const;
const PASSWORD_VERSION = 1;
const SUCCEEDED = 0;

/** RFC 1928 §6: what the proxy says when it did not connect. */
const REPLIES: Readonly<Record<number, readonly [NetErrorCode, reason: string]>> = {
  1: ['PROXY_REFUSED', 'general failure'],
  2: ['PROXY_REFUSED', 'its rules do not allow it'],
  3: ['CONNECT_UNREACHABLE', 'the network is unreachable'],
  4: ['CONNECT_UNREACHABLE', 'the host is unreachable'],
  5: ['CONNECT_REFUSED', 'the connection was refused'],
  6: ['CONNECT_UNREACHABLE', 'the time to live ran out'],
  7: ['PROXY_REFUSED', 'it does not know the command'],
  8: ['PROXY_REFUSED', 'it does not know this type of address'],
};

const PROTOCOL = 'socks5';

/**
 * Connects through a SOCKS5 proxy (RFC 1928), which resolves the name; `via` reaches the proxy. Raises
 * NET_OPTION_INVALID. Dialling rejects with PROXY_REFUSED, what the proxy says of the target, or PROTOCOL_VIOLATION.
 */
export function createSocks5Dialer(options: Socks5Options, via: Dialer): Dialer {
  const { proxy, credentials } = options;
  if (credentials !== undefined) checkCredentials(credentials);
  return { name: PROTOCOL, dial };

  async function dial(target: Target, scope: Scope, hooks: DialHooks = {}): Promise<Dialled> {
    const name = proxyName(proxy);
    const address = addressOf(target, `the SOCKS proxy ${name}`);
    const dialled = await via.dial(proxy, scope, hooks);
    hooks.onPhase?.('negotiate');
    await withProxy(dialled.stream, { protocol: PROTOCOL, proxy: name }, scope, (dialog) =>
      new Exchange(dialog, name, address, credentials).run(),
    );
    return { stream: dialled.stream, peer: formatAddress(address), host: address.host, local: dialled.local };
  }
}

/** One request to the proxy. */
class Exchange {
  readonly #dialog: ProxyDialog;
  readonly #proxy: string;
  readonly #address: Address;
  readonly #credentials: ProxyCredentials | undefined;

  constructor(dialog: ProxyDialog, proxy: string, address: Address, credentials: ProxyCredentials | undefined) {
    this.#dialog = dialog;
    this.#proxy = proxy;
    this.#address = address;
    this.#credentials = credentials;
  }

  async run(): Promise<void> {
    await this.#agree();
    this.#dialog.write(requestOf(this.#address));
    const [version, reply = 0, , type] = await this.#dialog.exactly(4);
    if (version !== VERSION) throw this.#violation(`the answer has version ${version}`);
    if (reply !== SUCCEEDED) throw this.#refusal(reply);
    // The address that the proxy connected from: of no use here, but in the way.
    await this.#dialog.exactly((await this.#boundLength(type)) + 2);
  }

  async #agree(): Promise<void> {
    const methods = this.#credentials === undefined ? [METHOD.None] : [METHOD.None, METHOD.Password];
    this.#dialog.write(Uint8Array.of(VERSION, methods.length, ...methods));
    const [version, method] = await this.#dialog.exactly(2);
    if (version !== VERSION) throw this.#violation(`it answers with version ${version}`);
    if (method === METHOD.None) return;
    if (method === METHOD.Password && this.#credentials !== undefined) return this.#logIn(this.#credentials);
    if (method !== METHOD.NotAcceptable) throw this.#violation(`it chose method ${method}, which was not offered`);
    const reason = this.#credentials === undefined ? 'it wants a log-in' : 'it takes no log-in by password';
    throw this.#error('PROXY_REFUSED', 'authenticate', reason, method);
  }

  async #logIn({ username, password }: ProxyCredentials): Promise<void> {
    const [name, secret] = [Buffer.from(username), Buffer.from(password.reveal())];
    this.#dialog.write(
      Buffer.concat([Uint8Array.of(PASSWORD_VERSION, name.length), name, Uint8Array.of(secret.length), secret]),
    );
    const [, status = 0] = await this.#dialog.exactly(2);
    if (status !== SUCCEEDED) {
      throw this.#error('PROXY_REFUSED', 'authenticate', 'it did not accept the credentials', status);
    }
  }

  async #boundLength(type: number | undefined): Promise<number> {
    switch (type) {
      case ADDRESS_TYPE.IPv4:
        return 4;
      case ADDRESS_TYPE.IPv6:
        return 16;
      case ADDRESS_TYPE.Name:
        return (await this.#dialog.exactly(1))[0] ?? 0;
      default:
        throw this.#violation(`the answer has an address of type ${type}`);
    }
  }

  #refusal(reply: number): RoundhouseError {
    const [code, reason] = REPLIES[reply] ?? ['PROXY_REFUSED', `reply ${reply}, which has no meaning`];
    return this.#error(code, 'negotiate', reason, reply);
  }

  #error(code: NetErrorCode, phase: 'negotiate' | 'authenticate', reason: string, reply: number): RoundhouseError {
    const remote = { status: String(reply), text: reason };
    const details = { proxy: this.#proxy, reason };
    return netError(code, { protocol: PROTOCOL, phase, peer: formatAddress(this.#address), remote, details });
  }

  #violation(reason: string): RoundhouseError {
    const details = { reason };
    return netError('PROTOCOL_VIOLATION', { protocol: PROTOCOL, phase: 'negotiate', peer: this.#proxy, details });
  }
}

function requestOf({ host, port }: Address): Uint8Array {
  const head = Uint8Array.of(VERSION, CONNECT, 0);
  return Buffer.concat([head, addressBytes(host), Uint8Array.of(port >> 8, port & 0xff)]);
}

/** RFC 1928 §5. A name goes as it is: the proxy resolves it. */
function addressBytes(host: string): Uint8Array {
  if (isIPv4(host)) return Uint8Array.of(ADDRESS_TYPE.IPv4, ...host.split('.').map(Number));
  if (isIP(host) === 6) return Uint8Array.of(ADDRESS_TYPE.IPv6, ...ipv6Bytes(host));
  const name = Buffer.from(host, 'latin1');
  return Buffer.concat([Uint8Array.of(ADDRESS_TYPE.Name, name.length), name]);
}

/** An address that `isIP` has found to be IPv6 (RFC 4291 §2.2), without its zone, which means nothing to the proxy. */
function ipv6Bytes(address: string): number[] {
  // The URL parser writes the last four bytes in hexadecimal, and the whole in its shortest form.
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [before = '', after] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [groups(before), groups(after ?? '')];
  const zeros = after === undefined ? [] : Array<number>(8 - first.length - last.length).fill(0);
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]);
}

function checkCredentials({ username, password }: ProxyCredentials): void {
  for (const [what, value] of [
    ['user name', username],
    ['password', password.reveal()],
  ] as const) {
    const length = Buffer.byteLength(value);
    if (length >= 1 && length <= 255) continue;
    const reason = `the ${what} for a SOCKS proxy has ${length} bytes, and must have 1 to 255`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
}
