import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { type NetError, netError, type NetRuntime } from '@roundhouse/net';
import type { QuestionType } from '../message/types.ts';
import { readAnswer } from './answer.ts';
import type { Known } from './cache.ts';
import type { ResolvedResolverOptions } from './options.ts';
import type { Entropy } from './question.ts';
import { type NameServerStats, Upstream } from './upstream.ts';

/** Questions for one chain of aliases. */
const MAX_QUESTIONS = 8;

/** A question that somebody waits for; it ends when nobody does. */
interface Shared {
  readonly result: Promise<Known>;
  readonly scope: Scope;
  waiting: number;
}

export interface AskerInit {
  readonly options: ResolvedResolverOptions;
  readonly runtime: NetRuntime;
  readonly entropy: Entropy;
  /** Questions end with it. */
  readonly scope: Scope;
  /** All servers, for errors. */
  readonly peer: string;
  /** Each answer once, however many wait for it. */
  readonly onAnswer: (key: string, known: Known) => void;
}

/** Asks name servers: the same question once, one server after the other, along aliases. */
export class Asker {
  readonly #options: ResolvedResolverOptions;
  readonly #runtime: NetRuntime;
  readonly #scope: Scope;
  readonly #peer: string;
  readonly #onAnswer: AskerInit['onAnswer'];
  readonly #upstreams: readonly Upstream[];
  readonly #shared = new Map<string, Shared>();

  constructor({ options, runtime, entropy, scope, peer, onAnswer }: AskerInit) {
    this.#options = options;
    this.#runtime = runtime;
    this.#scope = scope;
    this.#peer = peer;
    this.#onAnswer = onAnswer;
    this.#upstreams = options.servers.map((server, rank) => new Upstream(server, rank, options, runtime, entropy));
  }

  stats(): readonly NameServerStats[] {
    return this.#upstreams.map((upstream) => upstream.stats());
  }

  /** Ends what is open to servers. Idempotent. */
  close(): void {
    for (const upstream of this.#upstreams) upstream.close();
  }

  /** All who ask the same at the same time wait for one answer. */
  async find(key: string, name: string, type: QuestionType, scope: Scope): Promise<Known> {
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const { maxInFlight } = this.#options;
      if (this.#shared.size >= maxInFlight) {
        const details = { in_use: this.#shared.size, waiting: 0 };
        throw netError('POOL_EXHAUSTED', { protocol: 'dns', peer: this.#peer, details });
      }
      const own = this.#scope.child({ what: 'Resolving', timeoutMs: this.#options.timeouts.requestMs });
      const asking: Shared = { result: this.#askChain(name, type, own), scope: own, waiting: 0 };
      shared = asking;
      this.#shared.set(key, asking);
      const forget = (): void => {
        own.end();
        if (this.#shared.get(key) === asking) this.#shared.delete(key);
      };
      asking.result.then((known) => {
        this.#onAnswer(key, known);
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
      peer: this.#peer,
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
      details: { host: host.replace(/\.$/, '') },
      cause: failure,
    });
  }
}
