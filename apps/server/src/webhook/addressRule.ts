import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { webhookError } from './errors.ts';

/** Why an address is refused: what it is for, by the registries of special-purpose addresses (RFC 6890) and others. */
export type AddressRule = keyof typeof RANGES | 'not_an_address';

/** The first that holds an address is its rule. */
const RANGES = {
  // Where clouds give machines their credentials: AWS, Google, Azure, OpenStack; ECS; AWS by IPv6; Alibaba; Azure.
  metadata: ['169.254.169.254/32', '169.254.170.2/32', 'fd00:ec2::254/128', '100.100.100.200/32', '168.63.129.16/32'],
  unspecified: ['0.0.0.0/8', '::/128'],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fec0::/10'],
  shared: ['100.64.0.0/10'],
  link_local: ['169.254.0.0/16', 'fe80::/10'],
  unique_local: ['fc00::/7'],
  documentation: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
  benchmarking: ['198.18.0.0/15', '2001:2::/48'],
  // IPv4 in IPv6 in ways that are no longer in use, or that only this network knows: RFC 4291, 3056, 4380, 8215.
  embedded: ['::/96', '2002::/16', '192.88.99.0/24', '2001::/32', '64:ff9b:1::/48'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  broadcast: ['255.255.255.255/32'],
  reserved: ['192.0.0.0/24', '240.0.0.0/4', '2001::/23'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What `allow_private` opens. */
const PRIVATE: ReadonlySet<AddressRule> = new Set(['loopback', 'private', 'shared', 'link_local', 'unique_local']);
/** What nothing opens. */
const NEVER: ReadonlySet<AddressRule> = new Set(['unspecified', 'multicast', 'broadcast', 'not_an_address']);

const LISTS = Object.entries(RANGES).map(([rule, ranges]) => [rule as AddressRule, blockList(ranges)] as const);
/** All that is given out for global use, RFC 4291 §2.4. */
const GLOBAL_IPV6 = blockList(['2000::/3']);
/** Prefixes whose last 32 bits are the IPv4 address that is meant: mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052 §2.1). */
const IPV4_WITHIN = blockList(['::ffff:0:0/96', '64:ff9b::/96']);

export interface AddressPolicy {
  readonly allowPrivate: boolean;
  /** Ranges that are open besides, but for multicast, broadcast and unspecified addresses. */
  readonly allowed: BlockList;
}

/** Makes a list of ranges like `10.1.0.0/16` or single addresses. Raises WEBHOOK_RANGE_INVALID. */
export function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...rest] = range.split('/');
    const family = isIP(address);
    const width = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (family === 0 || rest.length > 0 || !(prefix <= width)) {
      throw webhookError('WEBHOOK_RANGE_INVALID', { details: { range } });
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Why a message may not go to an address; undefined when it may. */
export function refusal(address: string, policy: AddressPolicy): AddressRule | undefined {
  const meant = meantAddress(address);
  const rule = ruleOf(meant);
  if (rule === undefined || NEVER.has(rule)) return rule;
  if (policy.allowPrivate && PRIVATE.has(rule)) return undefined;
  return policy.allowed.check(meant, familyOf(meant)) ? undefined : rule;
}

function ruleOf(address: string): AddressRule | undefined {
  // An IPv6 address with a zone is one of this link.
  if (address.includes('%')) return 'link_local';
  if (isIP(address) === 0) return 'not_an_address';
  const family = familyOf(address);
  for (const [rule, list] of LISTS) if (list.check(address, family)) return rule;
  return family === 'ipv6' && !GLOBAL_IPV6.check(address, 'ipv6') ? 'reserved' : undefined;
}

/** The IPv4 address that an IPv6 one leads to, or the address itself. */
function meantAddress(address: string): string {
  if (!isIPv6(address) || address.includes('%') || !IPV4_WITHIN.check(address, 'ipv6')) return address;
  if (isIPv4(address.slice(address.lastIndexOf(':') + 1))) return address.slice(address.lastIndexOf(':') + 1);
  // As the URL standard writes it: in hexadecimal, shortened.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [high = '0', low = '0'] = canonical.split(':').slice(-2);
  const bits = (Number.parseInt(high || '0', 16) << 16) | Number.parseInt(low || '0', 16);
  return [bits >>> 24, (bits >>> 16) & 0xff, (bits >>> 8) & 0xff, bits & 0xff].join('.');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
