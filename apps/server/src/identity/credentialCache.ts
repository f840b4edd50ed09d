import { createHmac } from 'node:crypto';
import type { PrincipalInput } from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import type { NameAndPassword } from './basicHeader.ts';
import type { Directory } from './directory.ts';
import type { Identity } from './identity.ts';
import { LruMap } from './lruMap.ts';

export interface CachedIdentity {
  readonly identity: Identity;
  /** Record of that principal when it was proven. */
  readonly record: PrincipalInput | undefined;
}

interface Entry extends CachedIdentity {
  /** Monotonic, ms. */
  readonly goodUntil: number;
}

const MAX_ENTRIES = 1_000;
const KEY_BYTES = 32;

/**
 * Names with passwords that were right a moment ago, so that not every request costs a slow hash or a question to the
 * directory server. Of the pair there is a hash with a key that this process alone has, in memory alone.
 */
export class CredentialCache {
  readonly #entries = new LruMap<string, Entry>(MAX_ENTRIES);
  readonly #lifetimeMs: number;
  readonly #key: Buffer;
  readonly #clock: Clock;
  readonly #directory: Directory;

  /** `lifetimeMs`: 0 for none. */
  constructor(
    lifetimeMs: number,
    deps: { readonly clock: Clock; readonly directory: Directory; readonly randomBytes: (size: number) => Buffer },
  ) {
    this.#lifetimeMs = lifetimeMs;
    this.#clock = deps.clock;
    this.#directory = deps.directory;
    this.#key = deps.randomBytes(KEY_BYTES);
  }

  /** Undefined when it was not proven lately, or the principal has changed since. */
  find(credential: NameAndPassword): CachedIdentity | undefined {
    if (this.#entries.size === 0) return undefined;
    const key = this.#keyOf(credential);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const isGood =
      this.#clock.monotonic() < entry.goodUntil &&
      this.#directory.findPrincipal(entry.identity.principal) === entry.record;
    if (isGood) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  keep(credential: NameAndPassword, proven: CachedIdentity): void {
    if (this.#lifetimeMs === 0) return;
    const goodUntil = this.#clock.monotonic() + this.#lifetimeMs;
    this.#entries.set(this.#keyOf(credential), { ...proven, goodUntil });
  }

  #keyOf({ name, password }: NameAndPassword): string {
    // Neither has control characters: no pair passes for another.
    return createHmac('sha256', this.#key).update(`${name}\0${password.reveal()}`).digest('base64');
  }
}
