import type { Scope } from '@roundhouse/core';
import { checkLocalAddress, connectSocket, type SocketOptions, type Target } from '../socket.ts';
import type { Dialer, DialHooks, Dialled } from './dialer.ts';

export type DirectDialerOptions = Pick<SocketOptions, 'localAddress' | 'lookup'>;

/** Connects by TCP, the addresses of a name tried as Node does (RFC 8305), or to a Unix socket. */
export function createDirectDialer(options: DirectDialerOptions = {}): Dialer {
  checkLocalAddress(options.localAddress);
  return { name: 'direct', dial: (target, scope, hooks) => dial(target, options, scope, hooks) };
}

export const directDialer: Dialer = createDirectDialer();

async function dial(
  target: Target,
  options: DirectDialerOptions,
  scope: Scope,
  hooks: DialHooks = {},
): Promise<Dialled> {
  const { socket, ...rest } = await connectSocket(target, options, scope, hooks);
  return { stream: socket, ...rest };
}
