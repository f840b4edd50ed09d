import type { Scope } from '@roundhouse/core';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';
import { Refusal, reasonOf } from './refusal.ts';

export interface KeySetOptions {
  /** How long keys are used without asking again, ms. */
  readonly maxAgeMs: number;
  /** How long keys are used while they cannot be had anew, ms; as old as `maxAgeMs` they are used in any case. */
  readonly maxStaleMs: number;
  /** Of one question, ms. */
  readonly timeoutMs: number;
}

export interface KeySetDependencies {
  /** Gets the present keys (RFC 7517 §5). */
  readonly load: (scope: Scope) => Promise<Readonly<Record<string, unknown>>>;
  /** Every question is a child of it: callers share the answers. */
  readonly scope: Scope;
  readonly onFailure: (reason: string) => void;
  readonly onRecovery: () => void;
}

type FindKey = ReturnType<typeof createLocalJWKSet>;

/** A key that is not known is asked for at most this often, so that invented key ids are no way to flood the issuer. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;
/** Pause after a question without an answer. */
const FAILURE_PAUSE_MS = 5_000;

/** The keys of an issuer: had when needed, anew when old or when a token names a new one, kept while it is away. */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #deps: KeySetDependencies;
  #find: FindKey | undefined;
  /** Monotonic, ms. */
  #loadedAt = -Infinity;
  #failedAt = -Infinity;
  #isFailing = false;
  #loading: Promise<void> | undefined;

  constructor(options: KeySetOptions, deps: KeySetDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The key for a token, as jose asks for it. Rejects with a Refusal when it cannot be known, and as jose does. */
  async find(header: JWTHeaderParameters, token: FlattenedJWSInput, scope: Scope): ReturnType<FindKey> {
    if (this.#age() > this.#options.maxAgeMs) await scope.race(this.#refresh());
    const find = this.#usable();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age() < UNKNOWN_KEY_PAUSE_MS) throw error;
    }
    await scope.race(this.#refresh());
    return await this.#usable()(header, token);
  }

  #usable(): FindKey {
    const { maxAgeMs, maxStaleMs } = this.#options;
    if (this.#find !== undefined && this.#age() <= Math.max(maxAgeMs, maxStaleMs)) return this.#find;
    throw new Refusal('IDENTITY_PROVIDER_UNAVAILABLE', 'the keys of the issuer cannot be had');
  }

  /** Never rejects: what came of it shows in the age of the keys. */
  #refresh(): Promise<void> {
    if (this.#deps.scope.clock.monotonic() - this.#failedAt < FAILURE_PAUSE_MS) return Promise.resolve();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { scope, load, onFailure, onRecovery } = this.#deps;
    using limit = scope.child({ what: 'The question for the keys of an issuer', timeoutMs: this.#options.timeoutMs });
    try {
      this.#find = createLocalJWKSet((await limit.race(load(limit))) as unknown as JSONWebKeySet);
      this.#loadedAt = scope.clock.monotonic();
      this.#failedAt = -Infinity;
      if (this.#isFailing) onRecovery();
      this.#isFailing = false;
    } catch (error) {
      // Nobody is left to be told.
      if (scope.signal.aborted) return;
      this.#failedAt = scope.clock.monotonic();
      this.#isFailing = true;
      onFailure(reasonOf(error));
    }
  }

  #age(): number {
    return this.#deps.scope.clock.monotonic() - this.#loadedAt;
  }
}
