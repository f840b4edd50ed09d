import { coreError, createScope, type RoundhouseError, type Scope, type Timer } from '@roundhouse/core';
import {
  type CloseReason,
  type Drainable,
  type DrainOptions,
  type DrainReport,
  netError,
  type NetRuntime,
  type SessionState,
} from '@roundhouse/net';
import type { HttpConnection } from './contract.ts';

export interface HttpPoolOptions {
  /** Connections of HTTP/1.1 to one place. Default 10; of HTTP/2 one more is opened when all are full. */
  readonly maxPerOrigin?: number;
  /** Requests to one place that may wait for a connection. Default 1,000. */
  readonly maxWaiting?: number;
  /** A connection without work is ended after this, ms. Default 30,000: less than servers wait. */
  readonly maxIdleMs?: number;
}

/** Where a connection leads: origin, way, TLS identity and credentials. Nothing is shared between two that differ. */
export interface Place {
  readonly key: string;
  readonly peer: string;
  open(scope: Scope): Promise<HttpConnection>;
}

interface Entry {
  readonly connection: HttpConnection;
  leases: number;
  /** Monotonic time since when nobody has it, ms; of an entry without a lease. */
  idleSince: number;
}

interface Shelf {
  /** The last one used is the first one chosen. */
  readonly entries: Entry[];
  /** Being opened. */
  opening: number;
  /** Whether what is opened is known to carry one request at a time; until then one is opened at a time. */
  capacity: number | undefined;
  readonly waiting: Set<() => void>;
}

/** A connection that is lent. Whoever has it gives it back, once. */
export interface Lease {
  readonly connection: HttpConnection;
  /** Whether it has served before: a server may have ended it in the meantime. */
  readonly isReused: boolean;
  release(): void;
}

const DEFAULTS = { maxPerOrigin: 10, maxWaiting: 1_000, maxIdleMs: 30_000 };

/**
 * Connections to HTTP servers: one request at a time on one of HTTP/1.1, many on one of HTTP/2. `createPool` of the
 * net package lends each to one; this one knows how many a connection takes.
 */
export class HttpPool implements Drainable {
  readonly closed: Promise<CloseReason>;
  readonly #options: Required<HttpPoolOptions>;
  readonly #runtime: NetRuntime;
  readonly #shelves = new Map<string, Shelf>();
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #scope: Scope;
  readonly #drainMs: number;
  #state: SessionState = 'open';
  #leases = 0;
  #finished = 0;
  #onIdle: (() => void) | undefined;
  #draining: Promise<DrainReport> | undefined;
  /** Ends connections that nobody has used for long; undefined while there are none without a lease. */
  #idle: Timer | undefined;

  constructor(options: HttpPoolOptions, runtime: NetRuntime, drainMs: number) {
    this.#options = { ...DEFAULTS, ...options };
    for (const [name, value] of Object.entries(this.#options)) {
      if (Number.isInteger(value) && value >= 1) continue;
      throw netError('NET_OPTION_INVALID', {
        details: { reason: `${name} is ${value}, and must be a whole number from 1` },
      });
    }
    this.#runtime = runtime;
    this.#drainMs = drainMs;
    this.#scope = createScope({ clock: runtime.clock });
    this.closed = this.#closed.promise;
  }

  get state(): SessionState {
    return this.#state;
  }

  get inFlight(): number {
    return this.#leases;
  }

  /** Connections that are open. */
  get connections(): number {
    let sum = 0;
    for (const { entries } of this.#shelves.values()) sum += entries.length;
    return sum;
  }

  /** Rejects as `open` does, with POOL_EXHAUSTED, DRAINING, or the reason of the scope. */
  async take(place: Place, scope: Scope): Promise<Lease> {
    scope.throwIfEnded();
    const shelf = this.#shelves.get(place.key);
    const free = this.#state === 'open' && shelf !== undefined && freeOf(shelf);
    if (free) return this.#lend(place.key, shelf, free, true);
    return this.#await(place, scope);
  }

  async #await(place: Place, scope: Scope): Promise<Lease> {
    using own = scope.child();
    const leave = this.#scope.onEnd((reason) => own.end(reason));
    try {
      for (;;) {
        own.throwIfEnded();
        if (this.#state !== 'open') throw netError('DRAINING', { protocol: 'http', peer: place.peer });
        const shelf = this.#shelf(place.key);
        const free = freeOf(shelf);
        if (free !== undefined) return this.#lend(place.key, shelf, free, true);
        const most = shelf.capacity === undefined ? 1 : this.#options.maxPerOrigin;
        const held = shelf.entries.filter(({ connection }) => connection.isUsable).length + shelf.opening;
        // Until the first one stands nobody knows how many a connection takes.
        if (held < Math.max(most, 1) && (shelf.capacity !== undefined || shelf.opening === 0)) {
          return this.#lend(place.key, shelf, await this.#open(place, shelf, own), false);
        }
        await this.#wait(place, shelf, own);
      }
    } finally {
      leave();
    }
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#drainMs);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#scope.end(reason ?? coreError('CANCELLED'));
    this.#endIdle();
    for (const { entries } of this.#shelves.values()) {
      for (const { connection } of entries) connection.abort(reason);
    }
    this.#shelves.clear();
    this.#closed.resolve({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #open(place: Place, shelf: Shelf, scope: Scope): Promise<Entry> {
    shelf.opening += 1;
    try {
      const connection = await place.open(scope);
      const entry: Entry = { connection, leases: 0, idleSince: 0 };
      shelf.entries.push(entry);
      shelf.capacity = connection.capacity;
      void connection.closed.then(() => {
        const at = shelf.entries.indexOf(entry);
        if (at !== -1) shelf.entries.splice(at, 1);
        if (this.connections === 0) this.#endIdle();
        this.#next(place.key, shelf);
      });
      return entry;
    } finally {
      shelf.opening -= 1;
      for (const go of shelf.waiting) go();
    }
  }

  #lend(key: string, shelf: Shelf, entry: Entry, isReused: boolean): Lease {
    entry.leases += 1;
    this.#leases += 1;
    let isOut = true;
    return {
      connection: entry.connection,
      isReused,
      release: () => {
        if (!isOut) return;
        isOut = false;
        entry.leases -= 1;
        this.#leases -= 1;
        this.#finished += 1;
        if (entry.leases === 0) this.#rest(entry);
        this.#next(key, shelf);
        if (this.#leases === 0) this.#onIdle?.();
      },
    };
  }

  #rest(entry: Entry): void {
    const { connection } = entry;
    if (connection.state !== 'open') return;
    if (!connection.isUsable || this.#state !== 'open') {
      void connection.drain();
      return;
    }
    entry.idleSince = this.#runtime.clock.monotonic();
    if (this.#idle === undefined) this.#awaitIdle(this.#options.maxIdleMs);
  }

  /** One timer for all: to set and cancel one at each request would cost more than the rest of a lease. */
  #awaitIdle(delayMs: number): void {
    this.#idle = this.#runtime.clock.setTimer(delayMs, () => {
      this.#idle = undefined;
      const now = this.#runtime.clock.monotonic();
      let nextMs = Infinity;
      for (const { entries } of this.#shelves.values()) {
        for (const { connection, leases, idleSince } of entries) {
          if (leases > 0 || connection.state !== 'open') continue;
          const leftMs = idleSince + this.#options.maxIdleMs - now;
          if (leftMs <= 0) void connection.drain();
          else nextMs = Math.min(nextMs, leftMs);
        }
      }
      if (nextMs < Infinity) this.#awaitIdle(nextMs);
    });
  }

  #endIdle(): void {
    this.#idle?.cancel();
    this.#idle = undefined;
  }

  #next(key: string, shelf: Shelf): void {
    const [go] = shelf.waiting;
    if (go !== undefined) go();
    else if (shelf.entries.length === 0 && shelf.opening === 0 && this.#shelves.get(key) === shelf) {
      this.#shelves.delete(key);
    }
  }

  async #wait({ peer }: Place, shelf: Shelf, scope: Scope): Promise<void> {
    if (shelf.waiting.size >= this.#options.maxWaiting) {
      const details = { in_use: this.#leases, waiting: shelf.waiting.size };
      throw netError('POOL_EXHAUSTED', { protocol: 'http', peer, details });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = (): void => {
      shelf.waiting.delete(go);
      resolve();
    };
    shelf.waiting.add(go);
    try {
      await scope.race(promise);
    } catch (error) {
      // Called, but no longer there: the call goes to the next one.
      if (!shelf.waiting.delete(go)) [...shelf.waiting][0]?.();
      throw error;
    }
  }

  #shelf(key: string): Shelf {
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { entries: [], opening: 0, capacity: undefined, waiting: new Set() };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#runtime;
    const startedAt = clock.monotonic();
    if (this.#state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#state = 'draining';
    const before = this.#finished;
    using own = this.#scope.child({ what: 'Draining', timeoutMs });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    try {
      if (this.#leases > 0) await own.race(promise);
      const all = [...this.#shelves.values()].flatMap(({ entries }) => entries);
      await own.race(Promise.all(all.map(({ connection }) => connection.drain({ timeoutMs }))));
    } catch {
      // The time is over: the rest is cut.
    }
    const cut = this.#leases;
    this.abort();
    return { finished: this.#finished - before, cut, elapsedMs: clock.monotonic() - startedAt };
  }
}

/** The one used last, of those that take another request. */
function freeOf({ entries }: Shelf): Entry | undefined {
  return entries.findLast(({ connection, leases }) => leases < connection.capacity && connection.isUsable);
}
