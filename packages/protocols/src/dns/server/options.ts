import { BlockList, isIP } from 'node:net';
import {
  type Address,
  netError,
  parseAddress,
  type ServerLimits,
  type Timeouts,
  type TlsServerOptions,
} from '@roundhouse/net';
import type { Zone } from '../zone/zone.ts';
import type { DynamicRecords } from './dynamic.ts';
import type { ResponseRateOptions } from './rateLimit.ts';

export interface DnsServerOptions {
  readonly zones: readonly Zone[];
  readonly dynamic?: readonly DynamicRecords[];
  /** Default `127.0.0.1`; the caller decides whether it may be more than loopback. */
  readonly host?: string;
  /** Of UDP and TCP alike. Default 0: the system chooses. */
  readonly port?: number;
  /** DNS over TLS (RFC 7858), on a port of its own; default 0: the system chooses. */
  readonly tls?: TlsServerOptions & { readonly port?: number };
  /** DNS over HTTPS (RFC 8484) by HTTP/2, on a port of its own; default path `/dns-query`. */
  readonly https?: TlsServerOptions & { readonly port?: number; readonly path?: string };
  /** Who may have whole zones (AXFR, IXFR). Default: nobody. */
  readonly transfer?: TransferOptions;
  /** Addresses that are told of a new version (RFC 1996), `HOST:PORT` or `HOST` for port 53; IP addresses alone. */
  readonly notify?: readonly string[];
  /** Default: no limit. For a server that strangers reach: `{ perSecond: 20 }`. */
  readonly responseRate?: ResponseRateOptions;
  /** Largest answer over UDP, 512 … 4,096 bytes. Default 1,232, which no network cuts into fragments. */
  readonly maxUdpBytes?: number;
  /** Of connections: TCP, TLS and HTTPS each. */
  readonly limits?: Partial<ServerLimits>;
  /** `idleMs` (default 10,000): between two queries on a connection, and for a query to come whole. */
  readonly timeouts?: Partial<Timeouts>;
}

export interface TransferOptions {
  /** IP addresses, or networks as `192.0.2.0/24`. */
  readonly allow: readonly string[];
  /** Transfers at a time. Default 10. */
  readonly maxConcurrent?: number;
}

/** Checked and complete. */
export interface ResolvedDnsServerOptions extends DnsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxUdpBytes: number;
  readonly mayTransfer: (host: string) => boolean;
  readonly maxTransfers: number;
  readonly notified: readonly Address[];
}

const MAX_NOTIFIED = 1_000;

/** Raises NET_OPTION_INVALID or ADDRESS_INVALID. */
export function resolveServerOptions(options: DnsServerOptions): ResolvedDnsServerOptions {
  const { maxUdpBytes = 1_232, transfer, notify = [] } = options;
  const maxTransfers = transfer?.maxConcurrent ?? 10;
  whole('maxUdpBytes', maxUdpBytes, 512, 4_096);
  whole('transfer.maxConcurrent', maxTransfers, 1, 10_000);
  if (notify.length > MAX_NOTIFIED) throw invalid(`notify has more than ${MAX_NOTIFIED} addresses`);
  const allowed = networksOf(transfer?.allow ?? []);
  return {
    ...options,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    maxUdpBytes,
    maxTransfers,
    notified: notify.map((text) => {
      const address = parseAddress(text, 53);
      if (isIP(address.host) === 0) throw invalid(`${text} of notify is no IP address`);
      return address;
    }),
    mayTransfer: (host) => isIP(host) !== 0 && allowed.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6'),
  };
}

function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', length] = text.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    const most = family === 'ipv4' ? 32 : 128;
    if (isIP(address) === 0 || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= most))) {
      throw invalid(`${text} of transfer.allow is neither an IP address nor a network`);
    }
    list.addSubnet(address, length === undefined ? most : Number(length), family);
  }
  return list;
}

function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`${name} is ${value}, and must be a whole number from ${least} to ${most}`);
}

function invalid(reason: string): Error {
  return netError('NET_OPTION_INVALID', { details: { reason } });
}
