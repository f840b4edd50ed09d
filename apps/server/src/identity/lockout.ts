import type { Clock } from '@roundhouse/core';
import { clientKey } from '../http/clientAddress.ts';
import { LruMap } from './lruMap.ts';
import { Refusal } from './refusal.ts';

export interface LockoutLimits {
  /** Failures of one name from one address after which it is locked out. */
  readonly maxFailures: number;
  /** Failures from one address, whatever the names, after which it is locked out. */
  readonly maxFailuresPerAddress: number;
  /** Time in which they count together, from the first, ms. */
  readonly windowMs: number;
  /** How long a lock-out lasts, ms. */
  readonly lockMs: number;
  /** Pause after the fourth failure of a name, ms; it doubles with each one that follows. */
  readonly delayMs: number;
}

export interface LockedOut {
  /** Whether one name is locked out at the address, or the address for all names. */
  readonly scope: 'name' | 'address';
  /** An address, or a network of IPv6. */
  readonly address: string;
  readonly lockMs: number;
}

/** Failures of a name that cost no pause: people mistype. */
const FREE_FAILURES = 3;
const MAX_DELAY_MS = 60_000;
const MAX_NAMES = 10_000;
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  /** Monotonic, ms. */
  readonly since: number;
  blockedUntil: number;
}

/**
 * Counts failed attempts, and refuses more of them for a while: first a pause that grows, then a lock-out. Nobody waits
 * inside. Without a timer, and of bounded size: when many names are tried, those that failed longest ago are forgotten,
 * and the address that tries them is locked out.
 */
export class Lockout {
  readonly #limits: LockoutLimits;
  readonly #clock: Clock;
  readonly #byName = new LruMap<string, Failures>(MAX_NAMES);
  readonly #byAddress = new LruMap<string, Failures>(MAX_ADDRESSES);

  constructor(limits: LockoutLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Throws a Refusal while attempts are not taken. */
  check(address: string, name: string | undefined): void {
    if (this.#byAddress.size === 0 && this.#byName.size === 0) return;
    const place = clientKey(address);
    const byName = name === undefined ? undefined : this.#byName.get(keyOf(place, name));
    const byAddress = this.#byAddress.get(place);
    const blockedUntil = Math.max(byName?.blockedUntil ?? 0, byAddress?.blockedUntil ?? 0);
    const waitMs = blockedUntil - this.#clock.monotonic();
    if (waitMs <= 0) return;
    throw new Refusal('LOCKED_OUT', 'locked out', { details: { retry_after_s: Math.ceil(waitMs / 1_000) } });
  }

  /** Counts a failure. Returns the lock-outs that begin with it. */
  failed(address: string, name: string | undefined): readonly LockedOut[] {
    const { maxFailures, maxFailuresPerAddress, delayMs, lockMs } = this.#limits;
    const place = clientKey(address);
    const begun: LockedOut[] = [];
    if (this.#count(this.#byAddress, place, maxFailuresPerAddress, 0))
      begun.push({ scope: 'address', address: place, lockMs });
    if (name === undefined) return begun;
    if (this.#count(this.#byName, keyOf(place, name), maxFailures, delayMs)) {
      begun.push({ scope: 'name', address: place, lockMs });
    }
    return begun;
  }

  /** Forgets the failures of the name; those of the address stay, or one good account would cover for guessing at others. */
  succeeded(address: string, name: string): void {
    if (this.#byName.size > 0) this.#byName.delete(keyOf(clientKey(address), name));
  }

  /** Forgets what is counted against a name, an address, or the two together. Returns whether there was something. */
  unlock(whom: { readonly name?: string; readonly address?: string }): boolean {
    const place = whom.address === undefined ? undefined : clientKey(whom.address);
    const name = whom.name === undefined ? undefined : canonicalName(whom.name);
    let isFound = place !== undefined && name === undefined && this.#byAddress.delete(place);
    for (const [key] of this.#byName.entries()) {
      const space = key.indexOf(' ');
      if (place !== undefined && key.slice(0, space) !== place) continue;
      if (name !== undefined && key.slice(space + 1) !== name) continue;
      if (place === undefined && name === undefined) continue;
      isFound = this.#byName.delete(key) || isFound;
    }
    return isFound;
  }

  #count(table: LruMap<string, Failures>, key: string, maxFailures: number, delayMs: number): boolean {
    const { windowMs, lockMs } = this.#limits;
    const now = this.#clock.monotonic();
    let failures = table.get(key);
    if (failures === undefined || now >= failures.since + windowMs)
      failures = { count: 0, since: now, blockedUntil: 0 };
    failures.count++;
    if (failures.count >= maxFailures) {
      // Those that follow the lock-out are counted anew.
      table.set(key, { count: 0, since: now + lockMs, blockedUntil: now + lockMs });
      return true;
    }
    const paid = failures.count - FREE_FAILURES;
    if (paid > 0 && delayMs > 0) failures.blockedUntil = now + Math.min(delayMs * 2 ** (paid - 1), MAX_DELAY_MS);
    table.set(key, failures);
    return false;
  }
}

/** A directory server takes these for the same name, so they are counted together. */
function canonicalName(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

function keyOf(place: string, name: string): string {
  return `${place} ${canonicalName(name)}`;
}
