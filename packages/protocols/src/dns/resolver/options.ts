import {
  type Address,
  checkHost,
  checkPort,
  DEFAULT_TIMEOUTS,
  formatAddress,
  netError,
  parseAddress,
  resolveTimeouts,
  type Timeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import { isIP } from 'node:net';
import { canonicalName, parseName } from '../message/name.ts';
import { HostsTable } from './hosts.ts';

/** How a name server is asked. `udp` goes on over TCP when an answer does not fit. */
export type NameServerTransport = 'udp' | 'tcp' | 'tls' | 'https';

export interface NameServerOptions {
  /** `HOST` or `HOST:PORT`; for `udp` an IP address. Default port 53, for `tls` 853, for `https` 443. */
  readonly address: string;
  /** Default `udp`. */
  readonly transport?: NameServerTransport;
  /** For `tls` and `https`: certificates are checked unless it says otherwise. */
  readonly tls?: TlsClientOptions;
  /** For `https`. Default `/dns-query`. */
  readonly path?: string;
}

export interface ResolverOptions {
  /** Recursive name servers, at most 16; the fastest is asked first. A text is an `address` over `udp`. */
  readonly servers: readonly (string | NameServerOptions)[];
  /** Suffixes that a short name is tried with, at most 32. */
  readonly search?: readonly string[];
  /** Names with so many dots are tried as they are first, 0 … 15. Default 1. */
  readonly ndots?: number;
  /** Names that are known without asking. */
  readonly hosts?: HostsTable;
  /** The first wait for one server, ms; doubled each round. Default 1,500. */
  readonly attemptMs?: number;
  /** How often all servers are asked, 1 … 10. Default 2. */
  readonly rounds?: number;
  /** `requestMs` (default 10,000) bounds one call altogether. */
  readonly timeouts?: Partial<Timeouts>;
  /** Answers kept, 0 … 1,000,000. Default 10,000. */
  readonly cacheEntries?: number;
  /** An answer is kept no longer, s. Default 86,400; that there is none at most 10,800 (RFC 2308 §5). */
  readonly maxTtl?: number;
  /** Questions under way at a time, 1 … 100,000. Default 1,000. */
  readonly maxInFlight?: number;
  /** Names in random case, which an answer must repeat (draft-vixie-dnsext-dns0x20). Default true. */
  readonly randomizesCase?: boolean;
  /** Whether this machine reaches others by IPv6, which decides on the order of addresses. Default: as its interfaces say. */
  readonly hasIpv6?: () => boolean;
}

export interface NameServer {
  readonly address: Address;
  /** `udp://192.0.2.1:53` */
  readonly label: string;
  readonly transport: NameServerTransport;
  readonly tls: TlsClientOptions;
  readonly path: string;
}

export interface ResolvedResolverOptions {
  readonly servers: readonly NameServer[];
  /** Absolute names in lower case. */
  readonly search: readonly string[];
  readonly ndots: number;
  readonly hosts: HostsTable;
  readonly attemptMs: number;
  readonly rounds: number;
  readonly timeouts: Timeouts;
  readonly cacheEntries: number;
  readonly maxTtl: number;
  readonly maxInFlight: number;
  readonly randomizesCase: boolean;
}

const PORTS: Readonly<Record<NameServerTransport, number>> = { udp: 53, tcp: 53, tls: 853, https: 443 };
const TIMEOUTS: Timeouts = { ...DEFAULT_TIMEOUTS, connectMs: 3_000, tlsMs: 3_000, requestMs: 10_000, idleMs: 10_000 };
const MAX_SERVERS = 16;
const MAX_SEARCH = 32;

/** Raises NET_OPTION_INVALID, ADDRESS_INVALID or DNS_NAME_INVALID. */
export function resolveResolverOptions(options: ResolverOptions): ResolvedResolverOptions {
  const { servers, search = [], hosts = new HostsTable('') } = options;
  if (servers.length === 0 || servers.length > MAX_SERVERS) throw invalid(`there are 1 to ${MAX_SERVERS} servers`);
  if (search.length > MAX_SEARCH) throw invalid(`there are at most ${MAX_SEARCH} names to search`);
  return {
    servers: servers.map((server) => nameServer(typeof server === 'string' ? { address: server } : server)),
    search: search.map((name) => absoluteName(name)),
    hosts,
    ndots: inRange('ndots', options.ndots ?? 1, 0, 15),
    attemptMs: inRange('attemptMs', options.attemptMs ?? 1_500, 1, 60_000),
    rounds: inRange('rounds', options.rounds ?? 2, 1, 10),
    timeouts: resolveTimeouts(options.timeouts, TIMEOUTS),
    cacheEntries: inRange('cacheEntries', options.cacheEntries ?? 10_000, 0, 1_000_000),
    maxTtl: inRange('maxTtl', options.maxTtl ?? 86_400, 0, 604_800),
    maxInFlight: inRange('maxInFlight', options.maxInFlight ?? 1_000, 1, 100_000),
    randomizesCase: options.randomizesCase ?? true,
  };
}

/** In lower case, with the dot of the root. Raises DNS_NAME_INVALID. */
export function absoluteName(name: string): string {
  const absolute = name.endsWith('.') ? name : `${name}.`;
  canonicalName(parseName(absolute));
  return absolute.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function nameServer({
  address: text,
  transport = 'udp',
  tls = {},
  path = '/dns-query',
}: NameServerOptions): NameServer {
  const parsed = parseAddress(text, PORTS[transport]);
  const address = { host: checkHost(parsed.host), port: checkPort(parsed.port) };
  if (transport === 'udp' && isIP(address.host) === 0) throw invalid(`${text} is asked over UDP and no IP address`);
  if (!path.startsWith('/')) throw invalid(`the path ${path} does not begin with a slash`);
  return { address, transport, tls, path, label: `${transport}://${formatAddress(address)}` };
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`${name} is ${value}, and must be a whole number from ${least} to ${most}`);
}

function invalid(reason: string): Error {
  return netError('NET_OPTION_INVALID', { details: { reason } });
}
