import { coreError, type Secret } from '@roundhouse/core';
import { type Address, checkHost, checkPort, formatAddress } from '../address.ts';
import type { Target } from '../socket.ts';

/** Who asks the proxy. */
export interface ProxyCredentials {
  readonly username: string;
  readonly password: Secret;
}

/** What a proxy can connect to: a Unix socket is none of that. Raises ADDRESS_INVALID, NOT_SUPPORTED. */
export function addressOf(target: Target, proxy: string): Address {
  if ('path' in target) throw coreError('NOT_SUPPORTED', { details: { what: `A Unix socket behind ${proxy}` } });
  return { host: checkHost(target.host), port: checkPort(target.port) };
}

/** How the proxy is called in errors. */
export function proxyName(proxy: Target): string {
  return 'path' in proxy ? proxy.path : formatAddress(proxy);
}
