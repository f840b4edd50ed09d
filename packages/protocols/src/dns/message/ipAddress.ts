import { isIPv4, isIPv6 } from 'node:net';

const IPV6_GROUPS = 8;

/** The four or sixteen bytes of an IP address; undefined for what is none, or has a zone. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  return isIPv6(text) && !text.includes('%') ? ipv6Bytes(text) : undefined;
}

/** As people write it; IPv6 in the one form of RFC 5952. */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

/** The name below which the name of an address stands: RFC 1035 §3.5, RFC 3596 §2.5. Undefined for no address. */
export function reverseName(address: string): string | undefined {
  const bytes = ipBytes(address);
  if (bytes === undefined) return undefined;
  if (bytes.length === 4) return `${bytes.toReversed().join('.')}.in-addr.arpa.`;
  const digits = [...Buffer.from(bytes).toString('hex')].toReversed();
  return `${digits.join('.')}.ip6.arpa.`;
}

function ipv6Bytes(text: string): Uint8Array {
  const lastColon = text.lastIndexOf(':');
  const dotted = text.slice(lastColon + 1);
  let groups = text;
  if (isIPv4(dotted)) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    groups = `${text.slice(0, lastColon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = groups.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0');
  const all = [...before, ...(tail === undefined ? [] : zeros), ...after].map((group) => parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: IPV6_GROUPS },
    (_, at) => ((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number),
  );
  const { from, length } = longestZeros(groups);
  const write = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return write(groups);
  return `${write(groups.slice(0, from))}::${write(groups.slice(from + length))}`;
}

/** The first of the longest runs of zeros. RFC 5952 §4.2. */
function longestZeros(groups: readonly number[]): { from: number; length: number } {
  let best = { from: 0, length: 0 };
  for (let from = 0; from < groups.length; from += 1) {
    let length = 0;
    while (groups[from + length] === 0) length += 1;
    if (length > best.length) best = { from, length };
  }
  return best;
}
