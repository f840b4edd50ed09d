import { connect, isIP, type OnReadOpts, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Scope } from '@roundhouse/core';
import { type Address, checkHost, checkPort, formatAddress } from './address.ts';
import { netError } from './errors.ts';
import { endedDuring, systemError } from './systemError.ts';

/** First keep-alive probe after this much silence; the system's own intervals follow. */
export const KEEP_ALIVE_DELAY_MS = 60_000;
/** Longest path of a Unix socket, bytes. unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;

/** Where to: a host and a port, or the path of a Unix socket. */
export type Target = Address | { readonly path: string };

export type ConnectPhase = 'resolve' | 'connect' | 'tls';

export interface ConnectHooks {
  /** Told at the start of each phase; an IP address has no `resolve`. */
  readonly onPhase?: (phase: ConnectPhase) => void;
}

export interface SocketOptions {
  /** IP address of this machine to connect from. */
  readonly localAddress?: string | undefined;
  /** Finds the addresses of a name, best first. Default: the system's resolver, whose lookups cannot be cancelled. */
  readonly lookup?: TcpSocketConnectOpts['lookup'];
  /** Where what arrives is read to, instead of into chunks of the stream's own. */
  readonly onread?: OnReadOpts;
}

/** A socket that is connected and paused. */
export interface ConnectedSocket {
  readonly socket: Socket;
  /** `host:port`, or the path of a Unix socket. */
  readonly peer: string;
  /** For the certificate. */
  readonly host: string;
  /** `address:port` of this side; `unix` for a Unix socket. */
  readonly local: string;
}

/** Raises ADDRESS_INVALID for what cannot be connected from. */
export function checkLocalAddress(address: string | undefined): void {
  if (address === undefined || isIP(address) !== 0) return;
  throw netError('ADDRESS_INVALID', { details: { address, reason: 'not an IP address' } });
}

/**
 * Connects by TCP, the addresses of a name tried as Node does (RFC 8305), or to a Unix socket by its path. Rejects with a
 * NetError whose phase says how far it came, or the reason of the scope, which has no hold on the socket afterwards.
 */
export function connectSocket(
  target: Target,
  options: SocketOptions,
  scope: Scope,
  { onPhase }: ConnectHooks = {},
): Promise<ConnectedSocket> {
  const checked = 'path' in target ? checkPath(target.path) : checkAddress(target);
  scope.throwIfEnded();
  const isPath = 'path' in checked;
  const peer = isPath ? checked.path : formatAddress(checked);
  const host = isPath ? 'localhost' : checked.host;
  let phase: ConnectPhase = isPath || isIP(host) !== 0 ? 'connect' : 'resolve';
  onPhase?.(phase);

  return new Promise((resolve, reject) => {
    const socket = open(checked, options);
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
      reject(systemError(error, { phase, peer, host, address: options.localAddress ?? peer }));
    };
    socket.on('lookup', onLookup);
    socket.once('error', onError);
    socket.once('connect', () => {
      leave();
      socket.off('lookup', onLookup).off('error', onError);
      resolve({ socket, peer, host, local: isPath ? 'unix' : localOf(socket) });
    });
  });
}

function open(target: Target, { localAddress, lookup, onread }: SocketOptions): Socket {
  const reading = { allowHalfOpen: true, ...(onread !== undefined && { onread }) };
  if ('path' in target) return connect({ path: target.path, ...reading });
  return connect({
    host: target.host,
    port: target.port,
    ...(localAddress !== undefined && { localAddress }),
    ...(lookup !== undefined && { lookup }),
    ...reading,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  });
}

function checkAddress({ host, port }: Address): Address {
  return { host: checkHost(host), port: checkPort(port) };
}

function checkPath(path: string): { readonly path: string } {
  if (!isAbsolute(path) || path.includes('\0') || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    const reason = `the path of a Unix socket is absolute and has at most ${MAX_SOCKET_PATH_BYTES} bytes`;
    throw netError('ADDRESS_INVALID', { details: { address: path, reason } });
  }
  return { path };
}

export function localOf(socket: Socket): string {
  return formatAddress({ host: socket.localAddress ?? '', port: socket.localPort ?? 0 });
}
