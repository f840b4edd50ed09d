import type { Duplex } from 'node:stream';
import type { Scope } from '@roundhouse/core';
import { netError, resolveTimeouts, type ServerLimits, type ServerOptions, type Timeouts } from '@roundhouse/net';
import type { HttpRequest } from '../message.ts';

/** Bounds of what one client may send or make the server hold. */
export interface HttpLimits {
  /** All fields of a request together, bytes. Default 16,384. */
  readonly maxHeadBytes: number;
  /** Fields of a request. Default 100. */
  readonly maxFields: number;
  /** Of a body, unless a route says otherwise. Default 16 MiB. */
  readonly maxBodyBytes: number;
  /** Requests on one connection of HTTP/1.1, or streams on one of HTTP/2, before it is ended. Default 100,000. */
  readonly maxRequests: number;
  /** HTTP/2: streams at a time. Default 128. */
  readonly maxStreams: number;
  /** HTTP/2: streams that a client may open and reset at once, and how many more a second. Default 200 and 33. */
  readonly maxResets: number;
  readonly maxResetsPerSecond: number;
  /** HTTP/2: frames without meaning before the connection is cut. Default 100. */
  readonly maxInvalidFrames: number;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxHeadBytes: 16_384,
  maxFields: 100,
  maxBodyBytes: 16 * 1024 * 1024,
  maxRequests: 100_000,
  maxStreams: 128,
  maxResets: 200,
  maxResetsPerSecond: 33,
  maxInvalidFrames: 100,
};
const MOST = 2 ** 32 - 1;

/**
 * Takes a connection over. In HTTP/1.1 the stream is the connection, `head` the bytes behind the request, and the hook
 * writes the answer itself; in HTTP/2 the stream is that of an extended CONNECT (RFC 8441), a `ServerHttp2Stream` that
 * waits for `respond`. False: it does not want it, and the client is told so. The scope ends with the connection.
 * `whenDraining` calls back when the server begins to drain: whoever has taken the connection over ends it politely.
 */
export type UpgradeHook = (
  request: HttpRequest,
  stream: Duplex,
  head: Uint8Array,
  scope: Scope,
  whenDraining: (callback: () => void) => void,
) => boolean;

export interface HttpServerOptions extends Omit<ServerOptions, 'limits'> {
  /** Over TLS: what is offered, best first (RFC 7301). Default `h2` and `http/1.1`. */
  readonly versions?: readonly ('h2' | 'http/1.1')[];
  /** On a port without TLS: whether a connection may begin with HTTP/2 (RFC 9113 §3.3). Default false. */
  readonly h2c?: boolean;
  readonly limits?: Partial<ServerLimits & HttpLimits>;
  /**
   * `greetingMs`: the fields of a request; `requestMs`: until the handler has answered, or the body it reads has come;
   * `idleMs`: a connection without a request, or a client that does not take the response.
   */
  readonly timeouts?: Partial<Timeouts>;
  readonly upgrade?: UpgradeHook;
  /** Values of `Upgrade` that the hook takes; requests with others are served as if they had none. Default `websocket`. */
  readonly upgradeProtocols?: readonly string[];
}

/** What the connections of a server share. */
export interface HttpSettings {
  readonly limits: HttpLimits;
  readonly timeouts: Timeouts;
  readonly upgrade: UpgradeHook | undefined;
  readonly upgradeProtocols: readonly string[];
}

/** Completes and checks. Raises NET_OPTION_INVALID. */
export function resolveHttpSettings(options: HttpServerOptions): HttpSettings {
  const { maxConnections: _, maxPerPeer: __, ...given } = options.limits ?? {};
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isInteger(value) && value >= 1 && value <= MOST) continue;
    const reason = `${name} is ${value}, and must be a whole number from 1 to ${MOST}`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  return {
    limits,
    timeouts: resolveTimeouts(options.timeouts),
    upgrade: options.upgrade,
    upgradeProtocols: options.upgradeProtocols ?? ['websocket'],
  };
}
