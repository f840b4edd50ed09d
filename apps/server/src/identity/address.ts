import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { isLoopback } from '../http/clientAddress.ts';

/** Address of callers on a Unix domain socket. */
const UNIX = 'unix';

/**
 * One spelling for each address: IPv4 for IPv6-mapped ones, no zone, lower case. What is no IP address stays as it is.
 */
export function canonicalAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const bare = (address.split('%', 1)[0] as string).toLowerCase();
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
}

/** Whether a canonical address is one of this machine. */
export function isThisMachine(address: string): boolean {
  return address === UNIX || (isIP(address) !== 0 && isLoopback(address));
}

const lists = new WeakMap<readonly string[], BlockList>();

/** Whether a canonical address is in one of the ranges: IP addresses or CIDR. The array is read once. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  let list = lists.get(ranges);
  if (list === undefined) {
    list = listOf(ranges);
    lists.set(ranges, list);
  }
  return list.check(address, familyOf(address));
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    if (bits !== undefined) {
      list.addSubnet(network, Number(bits), familyOf(network));
    } else {
      const address = canonicalAddress(network);
      list.addAddress(address, familyOf(address));
    }
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
