import { isIPv6 } from 'node:net';

/** An IPv4 address inside IPv6 (RFC 4291 §2.5.5.2), as a listener on `::` sees it. */
const MAPPED = '::ffff:';

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of it has
 * them all (RFC 6177).
 */
export function clientKey(address: string): string {
  const bare = withoutMapping(address);
  return isIPv6(bare) ? network64(bare) : bare;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || withoutMapping(address).startsWith('127.');
}

function withoutMapping(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}

/** The first four groups, without leading zeroes. */
function network64(address: string): string {
  const [head = '', tail] = (address.split('%', 1)[0] as string).split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    // A dotted tail stands for two groups.
    const missing = 8 - groups.length - behind.length - (tail.includes('.') ? 1 : 0);
    groups.push(...Array<string>(Math.max(missing, 0)).fill('0'), ...behind);
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
