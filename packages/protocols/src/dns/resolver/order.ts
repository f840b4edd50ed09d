import { networkInterfaces } from 'node:os';
import { isIPv6 } from 'node:net';

/** Whether an interface has an address of IPv6 that reaches further than its link. */
export function systemHasIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address));
}

/**
 * The order in which addresses are tried: those of the families in turn, so that one that is broken costs one attempt
 * (RFC 8305 §4), IPv6 first where this machine has it (RFC 6724 §2.1), and last where it has not (its rule 1).
 */
export function orderAddresses(addresses: readonly string[], hasIpv6: boolean): string[] {
  const isUsable = (address: string): boolean => hasIpv6 || address === '::1' || /^fe[89ab]/i.test(address);
  const six = addresses.filter((address) => isIPv6(address) && isUsable(address));
  const four = addresses.filter((address) => !isIPv6(address));
  const last = addresses.filter((address) => isIPv6(address) && !isUsable(address));
  const ordered: string[] = [];
  for (let at = 0; at < Math.max(six.length, four.length); at += 1) {
    ordered.push(...six.slice(at, at + 1), ...four.slice(at, at + 1));
  }
  return [...new Set([...ordered, ...last])];
}
