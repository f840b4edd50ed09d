import { isIP, type LookupFunction } from 'node:net';
import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { createRuntime, netError, type NetRuntime, type Operation, SessionCore } from '@roundhouse/net';
import { reverseName } from '../message/ipAddress.ts';
import type { QuestionType } from '../message/types.ts';
import { Asker } from './asker.ts';
import { AnswerCache, type Known } from './cache.ts';
import type { AddressOptions, Answer, ResolveOptions, Resolver, ResolverStats } from './contract.ts';
import { absoluteName, type ResolvedResolverOptions, type ResolverOptions, resolveResolverOptions } from './options.ts';
import { orderAddresses, systemHasIpv6 } from './order.ts';
import { type Entropy, systemEntropy } from './question.ts';
import { orderTargets, type ServiceTarget } from './service.ts';

/** RFC 8305 §3: how long the addresses of one family wait for those of the other. */
const RESOLUTION_DELAY_MS = 50;

/** Raises NET_OPTION_INVALID, ADDRESS_INVALID or DNS_NAME_INVALID. Nothing is sent before the first question. */
export function createResolver(
  options: ResolverOptions,
  runtime: NetRuntime = createRuntime(),
  entropy: Entropy = systemEntropy,
): Resolver {
  return new CachingResolver(resolveResolverOptions(options), options.hasIpv6 ?? systemHasIpv6, runtime, entropy);
}

class CachingResolver implements Resolver {
  readonly lookup: LookupFunction;
  readonly #options: ResolvedResolverOptions;
  readonly #hasIpv6: () => boolean;
  readonly #runtime: NetRuntime;
  readonly #core: SessionCore;
  readonly #cache: AnswerCache;
  readonly #asker: Asker;

  constructor(options: ResolvedResolverOptions, hasIpv6: () => boolean, runtime: NetRuntime, entropy: Entropy) {
    this.#options = options;
    this.#hasIpv6 = hasIpv6;
    this.#runtime = runtime;
    this.#cache = new AnswerCache(runtime.clock, options.cacheEntries, options.maxTtl);
    this.#core = new SessionCore({
      protocol: 'dns',
      role: 'client',
      peer: options.servers.map(({ label }) => label).join(','),
      tls: null,
      runtime,
      timeouts: options.timeouts,
      openedInMs: 0,
      destroy: () => this.#asker.close(),
      isExclusive: false,
    });
    this.#asker = new Asker({
      options,
      runtime,
      entropy,
      scope: this.#core.scope,
      peer: this.#core.peer,
      onAnswer: (key, known) => this.#cache.set(key, known),
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
      const answer = await this.#find(asked, type, operation, operation.scope, options);
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
      const { records, rcode } = await this.#find(absoluteName(name), 'SRV', operation, operation.scope, options);
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
      const { records, rcode } = await this.#find(name, 'PTR', operation, operation.scope, options);
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
    return { cached: size, hits, misses, servers: this.#asker.stats() };
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
    scope: Scope,
    { usesCache = true }: ResolveOptions,
  ): Promise<Known & { readonly isFromCache: boolean }> {
    const key = `${type} ${name}`;
    const cached = usesCache ? this.#cache.get(key) : undefined;
    if (cached !== undefined) return { ...cached, isFromCache: true };
    operation.sent('maybe');
    const known = await this.#asker.find(key, name, type, scope);
    return { ...known, isFromCache: false };
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
      const { records, rcode } = await this.#find(name, type, operation, scope, options);
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
