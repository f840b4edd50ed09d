import type { Scope } from '@roundhouse/core';
import {
  createRuntime,
  dialStream,
  establish,
  formatAddress,
  type NetRuntime,
  resolveTimeouts,
  type Target,
  type Timeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import type { HttpConnection } from './contract.ts';
import { openHttp1 } from './http1.ts';
import { openHttp2 } from './http2.ts';

export type HttpVersionName = 'h2' | 'http/1.1';

export interface HttpConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Where the connection goes instead: a Unix socket, or a proxy that takes whole URLs. */
  readonly via?: Target;
  readonly tls?: TlsClientOptions;
  /**
   * Best first. Over TLS the server chooses (RFC 7301), default both; without TLS it is the first, default `http/1.1`.
   */
  readonly versions?: readonly HttpVersionName[];
  readonly timeouts?: Partial<Timeouts>;
  /** All fields of a response together, bytes. Default 65,536. */
  readonly maxHeadBytes?: number;
}

const MAX_HEAD_BYTES = 65_536;

/**
 * Opens one connection to an HTTP server, in the version that both sides know. Rejects with a NetError, TIMEOUT of the
 * phase that took too long, or the reason of the scope.
 */
export async function connectHttp(
  options: HttpConnectOptions,
  scope: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<HttpConnection> {
  const { host, port, tls, via } = options;
  const timeouts = resolveTimeouts(options.timeouts);
  const { versions = tls === undefined ? ['http/1.1'] : ['h2', 'http/1.1'] } = options;
  const authority = formatAddress({ host, port });
  return await establish('http', authority, runtime, scope, async (elapsedMs) => {
    const target = via ?? { host, port };
    const offered = tls && offer(tls, versions, via && host);
    const dialled = await dialStream(target, { tls: offered, timeouts }, runtime, scope);
    const init = {
      dialled,
      scheme: tls === undefined ? 'http' : 'https',
      authority,
      runtime,
      timeouts,
      maxHeadBytes: options.maxHeadBytes ?? MAX_HEAD_BYTES,
      openedInMs: elapsedMs(),
    } as const;
    const chosen = tls === undefined ? versions[0] : (dialled.tls?.alpn ?? 'http/1.1');
    return chosen === 'h2' ? await openHttp2(init, scope) : await openHttp1(init);
  });
}

/** By the options they are made of: the secure context belongs to the object. */
const offers = new WeakMap<TlsClientOptions, Map<string, TlsClientOptions>>();

/** The options with the versions; through a proxy also with the name of the server itself. */
function offer(tls: TlsClientOptions, versions: readonly string[], host: string | undefined): TlsClientOptions {
  const made = offers.get(tls) ?? new Map<string, TlsClientOptions>();
  offers.set(tls, made);
  const name = JSON.stringify([versions, host]);
  const offered = made.get(name) ?? { ...(host !== undefined && { serverName: host }), alpn: versions, ...tls };
  if (made.size < MAX_OFFERS) made.set(name, offered);
  return offered;
}

const MAX_OFFERS = 1_000;
