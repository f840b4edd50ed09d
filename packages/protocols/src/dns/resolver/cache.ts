import type { Clock } from '@roundhouse/core';
import type { ResourceRecord } from '../message/message.ts';

/** What is known of a name and type. */
export interface Known {
  /** `NXDOMAIN`: there is no such name; without records and this, there is none of the type. */
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /** The records of the type, their owner being `name`. */
  readonly records: readonly Required<ResourceRecord>[];
  /** Where the aliases lead. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Seconds that it may be kept. */
  readonly ttl: number;
}

interface Entry {
  readonly known: Known;
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** RFC 2308 §5: one to three hours at most. */
const MAX_NEGATIVE_TTL = 10_800;

/** Answers until their time is over, the least recently used going first. Nothing is given that is stale. */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxTtl: number;
  readonly #entries = new Map<string, Entry>();
  hits = 0;
  misses = 0;

  constructor(clock: Clock, maxEntries: number, maxTtl: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
    this.#maxTtl = maxTtl;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** With the seconds that are left of it. */
  get(key: string): Known | undefined {
    const entry = this.#entries.get(key);
    const now = this.#clock.monotonic();
    if (entry !== undefined && entry.expiresAt > now) {
      this.hits += 1;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return aged(entry, Math.floor((now - entry.storedAt) / 1_000));
    }
    this.misses += 1;
    if (entry !== undefined) this.#entries.delete(key);
    return undefined;
  }

  /** Gives it back with its TTL within the bounds. */
  set(key: string, known: Known): Known {
    const isNegative = known.records.length === 0;
    const ttl = Math.min(known.ttl, this.#maxTtl, isNegative ? MAX_NEGATIVE_TTL : this.#maxTtl);
    const kept = { ...known, ttl };
    if (ttl <= 0 || this.#maxEntries === 0) return kept;
    const storedAt = this.#clock.monotonic();
    this.#entries.delete(key);
    this.#entries.set(key, { known: kept, storedAt, expiresAt: storedAt + ttl * 1_000 });
    if (this.#entries.size > this.#maxEntries) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest as string);
    }
    return kept;
  }

  clear(): void {
    this.#entries.clear();
  }
}

function aged({ known }: Entry, seconds: number): Known {
  if (seconds === 0) return known;
  const records = known.records.map((record) => ({ ...record, ttl: Math.max(record.ttl - seconds, 0) }));
  return { ...known, records, ttl: known.ttl - seconds };
}
