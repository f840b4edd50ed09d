import type { LookupFunction } from 'node:net';
import type { Scope } from '@roundhouse/core';
import type { Drainable } from '@roundhouse/net';
import type { ResourceRecord } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import type { ServiceTarget } from './service.ts';
import type { NameServerStats } from './upstream.ts';

/** What there is for a name and type. */
export interface Answer {
  /** None, where the name has none of this type. */
  readonly records: readonly Required<ResourceRecord>[];
  /** The name that the records belong to, behind all aliases. */
  readonly name: string;
  /** Names that led there, that which was asked for first. */
  readonly aliases: readonly string[];
  /** Seconds that it holds. */
  readonly ttl: number;
  readonly isFromCache: boolean;
}

export interface ResolveOptions {
  /** False asks even where the answer is known, and keeps the new one. Default true. */
  readonly usesCache?: boolean;
  /** Default: `requestMs` of the timeouts. */
  readonly timeoutMs?: number;
  readonly traceparent?: string;
}

export interface AddressOptions extends ResolveOptions {
  /** Default: both. */
  readonly family?: 4 | 6;
}

export interface ResolverStats {
  readonly cached: number;
  readonly hits: number;
  readonly misses: number;
  readonly servers: readonly NameServerStats[];
}

/** Asks recursive name servers, and keeps what they say. Each call is an operation, and ends with its scope. */
export interface Resolver extends Drainable {
  /**
   * The records of an absolute name. Rejects with NAME_NOT_FOUND (there is no such name), NAME_TEMPORARY_FAILURE (no
   * server could say), TIMEOUT, the error of the last server that failed otherwise, DNS_NAME_INVALID, POOL_EXHAUSTED, or
   * the reason of the scope.
   */
  resolve(name: string, type: QuestionType, scope: Scope, options?: ResolveOptions): Promise<Answer>;
  /**
   * The addresses of a host, in the order in which to try them: an address itself, `localhost`, the hosts file, then DNS
   * with the search list. Rejects as `resolve` does; NAME_NOT_FOUND also for a name without addresses.
   */
  addresses(host: string, scope: Scope, options?: AddressOptions): Promise<readonly string[]>;
  /** Where a service (`_imap._tcp.example.com`) is to be had, in the order in which to try. Rejects as `addresses` does. */
  service(name: string, scope: Scope, options?: ResolveOptions): Promise<readonly ServiceTarget[]>;
  /** The names of an address, without the dot of the root. Rejects as `addresses` does. */
  reverse(address: string, scope: Scope, options?: ResolveOptions): Promise<readonly string[]>;
  /** For `createDirectDialer` and whatever takes a look-up of Node's. */
  readonly lookup: LookupFunction;
  clearCache(): void;
  stats(): ResolverStats;
}
