import { isIP, type LookupFunction } from 'node:net';
import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  createRuntime,
  type Drainable,
  type NetError,
  netError,
  type NetRuntime,
  type Operation,
  SessionCore,
} from '@roundhouse/net';
import { reverseName } from '../message/ipAddress.ts';
import type { ResourceRecord } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import { readAnswer } from './answer.ts';
import { AnswerCache, type Known } from './cache.ts';
import { absoluteName, type ResolvedResolverOptions, type ResolverOptions, resolveResolverOptions } from './options.ts';
import { orderAddresses, systemHasIpv6 } from './order.ts';
import { type Entropy, systemEntropy } from './question.ts';
import { orderTargets, type ServiceTarget } from './service.ts';
import { type NameServerStats, Upstream } from './upstream.ts';

/** RFC 8305 §3: how long the addresses of one family wait for those of the other. */
const RESOLUTION_DELAY_MS = 50;
/** Questions for one chain of aliases. */
const MAX_QUESTIONS = 8;

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

/** Raises NET_OPTION_INVALID, ADDRESS_INVALID or DNS_NAME_INVALID. Nothing is sent before the first question. */
export function createResolver(
  options: ResolverOptions,
  runtime: NetRuntime = createRuntime(),
  entropy: Entropy = systemEntropy,
): Resolver {
  return new CachingResolver(resolveResolverOptions(options), options.hasIpv6 ?? systemHasIpv6, runtime, entropy);
}

/** A question that somebody waits for; it ends when nobody does. */
interface Shared {
  readonly result: Promise<Known>;
  readonly scope: Scope;
  waiting: number;
}

class CachingResolver implements Resolver {
  readonly lookup: LookupFunction;
  readonly #options: ResolvedResolverOptions;
  readonly #hasIpv6: () => boolean;
  readonly #runtime: NetRuntime;
  readonly #core: SessionCore;
  readonly #cache: AnswerCache;
  readonly #upstreams: readonly Upstream[];
  readonly #shared = new Map<string, Shared>();

  constructor(options: ResolvedResolverOptions, hasIpv6: () => boolean, runtime: NetRuntime, entropy: Entropy) {
    this.#options = options;
    this.#hasIpv6 = hasIpv6;
    this.#runtime = runtime;
    this.#cache = new AnswerCache(runtime.clock, options.cacheEntries, options.maxTtl);
    this.#upstreams = options.servers.map((server, rank) => new Upstream(server, rank, options, runtime, entropy));
    this.#core = new SessionCore({
      protocol: 'dns',
      role: 'client',
      peer: options.servers.map(({ label }) => label).join(','),
      tls: null,
      runtime,
      timeouts: options.timeouts,
      openedInMs: 0,
      destroy: () => {
        for (const upstream of this.#upstreams) upstream.close();
      },
      isExclusive: false,
    });
    this.lookup = (hostname, { family, all }, callback) => {
      const wanted = family === 4 || family === 'IPv4' ? 4 : family === 6 || family === 'IPv6' ? 6 : undefined;
      this.addresses(hostname, this.#core.scope, wanted === undefined ? {} : { family: wanted }).then(
        (found) => {
          const addresses = found.map((address) => ({ address, family: isIP(address) }));
          const [first] = addresses as [{ address: string; family: number }];
          if (all === true) callback(null, addresses);
          else callback(null, first.address, first.family);
        },
        (error: unknown) => callback(asLookupError(error, hostname), '', 0),
      );
    };
  }

  get state() {
    return this.#core.state;
  }
  get closed() {
    return this.#core.closed;
  }
  get inFlight() {
    return this.#core.inFlight;
  }
  drain: Resolver['drain'] = (options) => this.#core.drain(options);
  abort: Resolver['abort'] = (reason) => this.#core.abort(reason);
  [Symbol.asyncDispose] = (): Promise<void> => this.#core[Symbol.asyncDispose]();

  async resolve(name: string, type: QuestionType, scope: Scope, options: ResolveOptions = {}): Promise<Answer> {
    const asked = absoluteName(name);
    return await this.#operate('resolve', scope, options, async (operation) => {
      const answer = await this.#find(asked, type, operation, options);
      if (answer.rcode === 'NXDOMAIN') throw notFound(name, 'NXDOMAIN');
      const { rcode: _rcode, ...rest } = answer;
      return rest;
    });
  }

  addresses(host: string, scope: Scope, options: AddressOptions = {}): Promise<readonly string[]> {
    return this.#operate('addresses', scope, options, async (operation) => {
      const known = this.#knownAddresses(host).filter((address) => isWanted(address, options.family));
      if (known.length > 0) return orderAddresses(known, this.#hasIpv6());
      if (isIP(host) !== 0 || isLocal(host)) throw notFound(host, 'NODATA');
      let failure: RoundhouseError | undefined;
      for (const candidate of this.#candidates(host)) {
        try {
          const found = await this.#addressesOf(candidate, operation, options);
          if (found.length > 0) return orderAddresses(found, this.#hasIpv6());
        } catch (error) {
          operation.scope.throwIfEnded();
          if (!isRoundhouseError(error)) throw error;
          // A server that could not say may know the name: it is no reason to take another.
          if (error.code !== 'NAME_NOT_FOUND') throw error;
          failure ??= error;
        }
      }
      throw failure ?? notFound(host, 'NODATA');
    });
  }

  service(name: string, scope: Scope, options: ResolveOptions = {}): Promise<readonly ServiceTarget[]> {
    return this.#operate('service', scope, options, async (operation) => {
      const { records, rcode } = await this.#find(absoluteName(name), 'SRV', operation, options);
      const targets = orderTargets(records, this.#runtime.random);
      if (targets.length === 0) throw notFound(name, rcode === 'NXDOMAIN' ? rcode : 'NODATA');
      return targets;
    });
  }

  reverse(address: string, scope: Scope, options: ResolveOptions = {}): Promise<readonly string[]> {
    return this.#operate('reverse', scope, options, async (operation) => {
      const name = reverseName(address);
      if (name === undefined) throw netError('ADDRESS_INVALID', { details: { address, reason: 'not an IP address' } });
      const known = this.#options.hosts.namesOf(name);
      if (known.length > 0) return known.map(withoutDot);
      const { records, rcode } = await this.#find(name, 'PTR', operation, options);
      const names = records.flatMap(({ data }) => (data.type === 'PTR' ? [withoutDot(data.target)] : []));
      if (names.length === 0) throw notFound(address, rcode === 'NXDOMAIN' ? rcode : 'NODATA');
      return names;
    });
  }

  clearCache(): void {
    this.#cache.clear();
  }

  stats(): ResolverStats {
    const { size, hits, misses } = this.#cache;
    return { cached: size, hits, misses, servers: this.#upstreams.map((upstream) => upstream.stats()) };
  }

  #operate<T>(
    name: string,
    scope: Scope,
    options: ResolveOptions,
    run: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs, traceparent } = options;
    return this.#core.operate(name, scope, run, {
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(traceparent !== undefined && { traceparent }),
    });
  }

  async #find(
    name: string,
    type: QuestionType,
    operation: Operation,
    { usesCache = true }: ResolveOptions,
  ): Promise<Known & { readonly isFromCache: boolean }> {
    const key = `${type} ${name}`;
    const cached = usesCache ? this.#cache.get(key) : undefined;
    if (cached !== undefined) return { ...cached, isFromCache: true };
    operation.sent('maybe');
    const known = await this.#together(key, name, type, operation.scope);
    return { ...known, isFromCache: false };
  }

  /** All who ask the same at the same time wait for one answer. */
  async #together(key: string, name: string, type: QuestionType, scope: Scope): Promise<Known> {
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const { maxInFlight } = this.#options;
      if (this.#shared.size >= maxInFlight) {
        const details = { in_use: this.#shared.size, waiting: 0 };
        throw netError('POOL_EXHAUSTED', { protocol: 'dns', peer: this.#core.peer, details });
      }
      const own = this.#core.scope.child({ what: 'Resolving', timeoutMs: this.#options.timeouts.requestMs });
      const asking: Shared = { result: this.#askChain(name, type, own), scope: own, waiting: 0 };
      shared = asking;
      this.#shared.set(key, asking);
      const forget = (): void => {
        own.end();
        if (this.#shared.get(key) === asking) this.#shared.delete(key);
      };
      asking.result.then((known) => {
        this.#cache.set(key, known);
        forget();
      }, forget);
    }
    shared.waiting += 1;
    try {
      return await scope.race(shared.result);
    } finally {
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        shared.scope.end();
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
      }
    }
  }

  /** Asks until the chain of aliases ends. */
  async #askChain(name: string, type: QuestionType, scope: Scope): Promise<Known> {
    const aliases: string[] = [];
    let ttl = Infinity;
    let current = name;
    for (let question = 0; question < MAX_QUESTIONS; question += 1) {
      const reading = await this.#askServers(current, type, scope);
      aliases.push(...reading.known.aliases);
      ttl = Math.min(ttl, reading.known.ttl);
      if (!reading.isOpen) return this.#bounded({ ...reading.known, aliases, ttl });
      // Nothing is said of where the alias leads: what is known of it counts as long as the alias itself.
      ttl = Infinity;
      current = reading.known.name;
      if (aliases.includes(current)) break;
    }
    throw netError('NAME_TEMPORARY_FAILURE', {
      protocol: 'dns',
      phase: 'resolve',
      peer: this.#core.peer,
      sent: 'all',
      details: { host: name, reason: 'its aliases do not end' },
    });
  }

  #bounded(known: Known): Known {
    return { ...known, ttl: Math.min(known.ttl, this.#options.maxTtl) };
  }

  /** One after the other, the fastest first; each round waits longer. */
  async #askServers(name: string, type: QuestionType, scope: Scope) {
    const { attemptMs, rounds } = this.#options;
    let failure: RoundhouseError | undefined;
    for (let round = 0; round < rounds; round += 1) {
      for (const upstream of this.#upstreams.toSorted((a, b) => a.speed - b.speed)) {
        try {
          const message = await upstream.ask(name, type, attemptMs * 2 ** round, scope, () => {});
          for (const other of this.#upstreams) if (other !== upstream) other.forgive();
          const reading = readAnswer(name, type, message);
          if (reading !== undefined) return reading;
          failure = this.#violation(upstream);
        } catch (error) {
          scope.throwIfEnded();
          if (!isRoundhouseError(error)) throw error;
          failure = error;
          const fields = { protocol: 'dns', peer: upstream.server.label, code: error.code };
          this.#runtime.log.debug('a name server did not answer', fields);
        }
      }
    }
    throw this.#final(name, failure as RoundhouseError);
  }

  #violation({ server }: Upstream): RoundhouseError {
    const details = { reason: 'the aliases of its answer do not end' };
    return netError('PROTOCOL_VIOLATION', { protocol: 'dns', peer: server.label, phase: 'read', sent: 'all', details });
  }

  /** What servers said themselves is told as what it means for the name. */
  #final(host: string, failure: RoundhouseError): RoundhouseError {
    if (failure.code !== 'PEER_UNAVAILABLE' && failure.code !== 'PEER_REFUSED') return failure;
    const { remote, peer } = failure as NetError;
    return netError('NAME_TEMPORARY_FAILURE', {
      protocol: 'dns',
      phase: 'resolve',
      sent: 'all',
      ...(peer !== null && { peer }),
      ...(remote !== null && { remote }),
      details: { host: withoutDot(host) },
      cause: failure,
    });
  }

  #knownAddresses(host: string): readonly string[] {
    if (isIP(host) !== 0) return [host];
    const name = absoluteName(host);
    const known = this.#options.hosts.addressesOf(name);
    // RFC 6761 §6.3: never asked for.
    return known.length === 0 && isLocal(host) ? ['127.0.0.1', '::1'] : known;
  }

  /** resolv.conf(5): a name with enough dots is tried as it is first, another last. */
  #candidates(host: string): readonly string[] {
    const name = absoluteName(host);
    if (host.endsWith('.')) return [name];
    const { search, ndots } = this.#options;
    const searched = search
      .map((suffix) => (suffix === '.' ? name : `${name}${suffix}`))
      .filter((each) => each.length <= 254);
    const isWhole = (host.match(/\./g)?.length ?? 0) >= ndots;
    return isWhole ? [name, ...searched] : [...searched, name];
  }

  /** Both families at once; one that comes late is left out. */
  async #addressesOf(name: string, operation: Operation, options: AddressOptions): Promise<readonly string[]> {
    using own = operation.scope.child();
    const ask = async (type: 'A' | 'AAAA', scope: Scope): Promise<readonly string[]> => {
      const { records, rcode } = await this.#find(name, type, { ...operation, scope }, options);
      if (rcode === 'NXDOMAIN') throw notFound(withoutDot(name), 'NXDOMAIN');
      return records.flatMap(({ data }) => (data.type === 'A' || data.type === 'AAAA' ? [data.address] : []));
    };
    if (options.family !== undefined) return await ask(options.family === 4 ? 'A' : 'AAAA', own);
    const both = [ask('A', own), ask('AAAA', own)] as const;
    // The first that has addresses gives the other a moment; one that has none, or fails, waits for it.
    const enough = Promise.any(both.map(async (each) => ((await each).length > 0 ? undefined : Promise.reject(NONE))));
    enough.then(
      () =>
        own.sleep(RESOLUTION_DELAY_MS).then(
          () => own.end(),
          () => {},
        ),
      () => {},
    );
    const [four, six] = await Promise.allSettled(both);
    const found = [six, four].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (found.length > 0) return found;
    operation.scope.throwIfEnded();
    for (const each of [four, six]) if (each.status === 'rejected') throw each.reason;
    return [];
  }
}

const NONE = new Error('it has no addresses');

function isLocal(host: string): boolean {
  return /(^|\.)localhost\.?$/i.test(host);
}

function isWanted(address: string, family: 4 | 6 | undefined): boolean {
  return family === undefined || isIP(address) === family;
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

function notFound(host: string, status: 'NXDOMAIN' | 'NODATA'): Error {
  const text = status === 'NXDOMAIN' ? 'there is no such name' : 'the name has nothing of this kind';
  return netError('NAME_NOT_FOUND', {
    protocol: 'dns',
    phase: 'resolve',
    remote: { status, text },
    details: { host },
  });
}

/** In the shape of the system's resolver, which the dialer understands. */
function asLookupError(error: unknown, hostname: string): NodeJS.ErrnoException {
  const isAbsent = isRoundhouseError(error) && error.code === 'NAME_NOT_FOUND';
  const code = isAbsent ? 'ENOTFOUND' : 'EAI_AGAIN';
  return Object.assign(new Error(`lookup ${code} ${hostname}`, { cause: error }), {
    code,
    syscall: 'lookup',
    hostname,
  });
}
