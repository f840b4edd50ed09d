import type { Duplex } from 'node:stream';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { NetRuntime } from '../contract/runtime.ts';
import type { Target } from '../socket.ts';
import { endedDuring } from '../systemError.ts';
import { StreamTransport } from '../streamTransport.ts';
import type { TlsClientOptions, TlsInfo } from '../tls.ts';
import type { Transport, TransportLimits } from '../transport.ts';
import type { Dialled, DialHooks } from './dialer.ts';
import { secureStream } from './secure.ts';

/** Finite waits while a connection is made, ms. */
export interface DialTimeouts {
  /** Name and connection, with the way through a proxy. */
  readonly connectMs: number;
  readonly tlsMs: number;
}

export interface DialOptions {
  /** TLS from the first byte. */
  readonly tls?: TlsClientOptions | undefined;
  readonly timeouts: DialTimeouts;
}

/** A stream for a library that takes one of Node's, plain or with TLS on it. The bytes are those of the application. */
export interface DialledStream {
  readonly stream: Duplex;
  readonly peer: string;
  readonly tls: TlsInfo | null;
}

/**
 * Connects through the runtime's dialer, with TLS when asked for. Rejects with a NetError whose phase says how far it
 * came, TIMEOUT at the end of a phase's time, or the reason of the scope; nothing is left open then.
 */
export async function dialTransport(
  target: Target,
  { tls, timeouts, limits }: DialOptions & { readonly limits?: TransportLimits },
  runtime: NetRuntime,
  scope: Scope,
  hooks: DialHooks = {},
): Promise<Transport> {
  const { stream, peer, host, local } = await dialPlain(target, timeouts, runtime, scope, hooks);
  const transport = new StreamTransport(stream, { peer, host, local, clock: runtime.clock, limits });
  if (tls !== undefined) {
    hooks.onPhase?.('tls');
    using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: timeouts.tlsMs });
    await transport.upgradeTls(tls, handshake);
  }
  return transport;
}

/** As `dialTransport`, for a library that takes a stream. The stream has no listeners: whoever gets it listens at once. */
export async function dialStream(
  target: Target,
  { tls, timeouts }: DialOptions,
  runtime: NetRuntime,
  scope: Scope,
  hooks: DialHooks = {},
): Promise<DialledStream> {
  const dialled = await dialPlain(target, timeouts, runtime, scope, hooks);
  if (tls === undefined) return { stream: dialled.stream, peer: dialled.peer, tls: null };
  hooks.onPhase?.('tls');
  return secured(dialled, tls, timeouts, scope);
}

async function dialPlain(
  target: Target,
  { connectMs }: DialTimeouts,
  { dialer }: NetRuntime,
  scope: Scope,
  hooks: DialHooks,
): Promise<Dialled> {
  using connecting = scope.child({ what: 'Connecting', timeoutMs: connectMs });
  return await dialer.dial(target, connecting, hooks);
}

async function secured(
  { stream, peer, host }: Dialled,
  tls: TlsClientOptions,
  { tlsMs }: DialTimeouts,
  scope: Scope,
): Promise<DialledStream> {
  using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: tlsMs });
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = handshake.onEnd((reason: RoundhouseError) => {
    stream.destroy();
    reject(endedDuring('tls', peer, reason));
  });
  try {
    return { ...(await Promise.race([secureStream(stream, tls, host, peer), promise])), peer };
  } finally {
    leave();
  }
}
