import { connect, isIP, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Scope } from '@roundhouse/core';
import { checkHost, checkPort, formatAddress } from '../address.ts';
import { netError } from '../errors.ts';
import { endedDuring, systemError } from '../systemError.ts';
import { type ConnectPhase, KEEP_ALIVE_DELAY_MS, localOf } from '../tcp.ts';
import type { Dialer, DialHooks, Dialled, Target } from './dialer.ts';

/** Longest path of a Unix socket, bytes. unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;

export interface DirectDialerOptions {
  /** IP address of this machine to connect from. */
  readonly localAddress?: string;
  /** Finds the addresses of a name, best first. Default: the system's resolver, whose lookups cannot be cancelled. */
  readonly lookup?: TcpSocketConnectOpts['lookup'];
}

/** Connects by TCP, the addresses of a name tried as Node does (RFC 8305), or to a Unix socket. */
export function createDirectDialer(options: DirectDialerOptions = {}): Dialer {
  const { localAddress } = options;
  if (localAddress !== undefined && isIP(localAddress) === 0) {
    throw netError('ADDRESS_INVALID', { details: { address: localAddress, reason: 'not an IP address' } });
  }
  return { name: 'direct', dial: (target, scope, hooks) => dial(target, options, scope, hooks) };
}

export const directDialer: Dialer = createDirectDialer();

function dial(target: Target, options: DirectDialerOptions, scope: Scope, hooks: DialHooks = {}): Promise<Dialled> {
  if ('path' in target) return open(checkPath(target.path), options, scope, hooks);
  return open({ host: checkHost(target.host), port: checkPort(target.port) }, options, scope, hooks);
}

function open(target: Target, options: DirectDialerOptions, scope: Scope, { onPhase }: DialHooks): Promise<Dialled> {
  scope.throwIfEnded();
  const isPath = 'path' in target;
  const peer = isPath ? target.path : formatAddress(target);
  const host = isPath ? 'localhost' : target.host;
  let phase: ConnectPhase = isPath || isIP(target.host) !== 0 ? 'connect' : 'resolve';
  onPhase?.(phase);

  return new Promise((resolve, reject) => {
    const socket = connectTo(target, options);
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
      const address = options.localAddress ?? peer;
      reject(systemError(error, { phase, peer, host, address }));
    };
    socket.on('lookup', onLookup);
    socket.once('error', onError);
    socket.once('connect', () => {
      leave();
      socket.off('lookup', onLookup).off('error', onError);
      resolve({ stream: socket, peer, host, local: isPath ? 'unix' : localOf(socket) });
    });
  });
}

function connectTo(target: Target, { localAddress, lookup }: DirectDialerOptions): Socket {
  if ('path' in target) return connect({ path: target.path, allowHalfOpen: true });
  return connect({
    host: target.host,
    port: target.port,
    ...(localAddress !== undefined && { localAddress }),
    ...(lookup !== undefined && { lookup }),
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  });
}

function checkPath(path: string): Target {
  if (!isAbsolute(path) || path.includes('\0') || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    const reason = `the path of a Unix socket is absolute and has at most ${MAX_SOCKET_PATH_BYTES} bytes`;
    throw netError('ADDRESS_INVALID', { details: { address: path, reason } });
  }
  return { path };
}
