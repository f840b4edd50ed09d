import { connect, isIP, type Socket } from 'node:net';
import type { Scope } from '@roundhouse/core';
import { checkHost, checkPort, formatAddress } from './address.ts';
import { netError } from './errors.ts';
import { StreamTransport } from './streamTransport.ts';
import { endedDuring, systemError } from './systemError.ts';
import type { TlsClientOptions } from './tls.ts';
import type { Transport, TransportLimits } from './transport.ts';

/** First keep-alive probe after this much silence; the system's own intervals follow. */
export const KEEP_ALIVE_DELAY_MS = 60_000;

export interface ConnectOptions {
  readonly host: string;
  /** 1 … 65535. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: TlsClientOptions;
  /** IP address of this machine to connect from. */
  readonly localAddress?: string;
  readonly limits?: TransportLimits;
}

export type ConnectPhase = 'resolve' | 'connect' | 'tls';

export interface ConnectHooks {
  /** Told at the start of each phase; an IP address has no `resolve`. */
  readonly onPhase?: (phase: ConnectPhase) => void;
}

const READ_BUFFER_BYTES = 64 * 1024;
let sharedReadBuffer: Uint8Array | undefined;

/** All connections of a thread read into one buffer: a chunk is delivered before the next read begins. */
function readBuffer(): Uint8Array {
  sharedReadBuffer ??= new Uint8Array(READ_BUFFER_BYTES);
  return sharedReadBuffer;
}

/**
 * Connects, with TLS when asked for. The addresses of a name are tried as Node does (RFC 8305). Rejects with a NetError
 * whose phase says how far it came, TIMEOUT for the scope's deadline, or the reason of the scope; the scope has no hold
 * on the transport it resolves to.
 */
export async function connectTcp(options: ConnectOptions, scope: Scope, hooks: ConnectHooks = {}): Promise<Transport> {
  const transport = await open(options, scope, hooks);
  if (options.tls !== undefined) {
    hooks.onPhase?.('tls');
    await transport.upgradeTls(options.tls, scope);
  }
  return transport;
}

function open(options: ConnectOptions, scope: Scope, { onPhase }: ConnectHooks): Promise<Transport> {
  const host = checkHost(options.host);
  const port = checkPort(options.port);
  const { localAddress } = options;
  if (localAddress !== undefined && isIP(localAddress) === 0) {
    throw netError('ADDRESS_INVALID', { details: { address: localAddress, reason: 'not an IP address' } });
  }
  scope.throwIfEnded();
  const peer = formatAddress({ host, port });
  let phase: ConnectPhase = isIP(host) === 0 ? 'resolve' : 'connect';
  onPhase?.(phase);

  return new Promise((resolve, reject) => {
    let transport: StreamTransport | undefined;
    const socket = connect({
      host,
      port,
      ...(localAddress !== undefined && { localAddress }),
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      onread: {
        buffer: readBuffer,
        callback(length, buffer) {
          transport?.received(buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.pause();

    const leave = scope.onEnd((reason) => {
      socket.destroy();
      reject(endedDuring(phase, peer, reason));
    });
    const onLookup = (error: Error | null): void => {
      if (error !== null || phase !== 'resolve' || socket.destroyed) return;
      phase = 'connect';
      onPhase?.(phase);
    };
    const onError = (error: Error): void => {
      leave();
      reject(systemError(error, { phase, peer, host, address: localAddress ?? peer }));
    };
    socket.on('lookup', onLookup);
    socket.once('error', onError);
    socket.once('connect', () => {
      leave();
      socket.off('lookup', onLookup).off('error', onError);
      transport = new StreamTransport(socket, {
        peer,
        host,
        local: localOf(socket),
        clock: scope.clock,
        limits: options.limits,
      });
      resolve(transport);
    });
  });
}

export function localOf(socket: Socket): string {
  return formatAddress({ host: socket.localAddress ?? '', port: socket.localPort ?? 0 });
}
