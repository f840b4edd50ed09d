import { coreError, createScope, Machine, type RoundhouseError, type Scope, type Timer } from '@roundhouse/core';
import { netError } from '../errors.ts';
import type { NetRuntime } from './runtime.ts';
import {
  type CloseReason,
  type Drainable,
  type DrainOptions,
  type DrainReport,
  type Session,
  SESSION_TRANSITIONS,
  type SessionState,
} from './session.ts';

/** What two users of one connection must have in common. A connection never serves another key. */
export interface PoolKey {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What identifies the TLS settings: authorities, client certificate, server name, pins. Empty for none. */
  readonly tls: string;
  /** What identifies who is logged in; a digest rather than the secret. Empty for nobody. */
  readonly credentials: string;
}

export interface PoolOptions<C extends Session, K extends PoolKey> {
  readonly open: (key: K, scope: Scope) => Promise<C>;
  /** Whether one that was idle is still good, e.g. by a NOOP; not good is one that rejects. Default: none is asked. */
  readonly check?: (session: C, scope: Scope) => Promise<void>;
  /** Connections for one key, in use and idle. Default 8. */
  readonly maxPerKey?: number;
  /** Default 256. */
  readonly maxConnections?: number;
  /** Callers that may wait for one key. Default 1,000. */
  readonly maxWaiting?: number;
  /** An idle connection is drained after this, ms. Default 60,000. */
  readonly maxIdleMs?: number;
  /** One that was idle for longer is checked before it is used, ms. Default 1,000. */
  readonly checkAfterMs?: number;
  /** Time for `drain`, ms. Default 5,000. */
  readonly drainMs?: number;
}

export interface PoolStats {
  readonly open: number;
  readonly idle: number;
  readonly inUse: number;
  readonly waiting: number;
}

/** Connections that are used again, by those who ask for the same key. The one that was used last is taken first. */
export interface Pool<C extends Session, K extends PoolKey = PoolKey> extends Drainable {
  /**
   * Runs `use` with a connection of the key, which it has alone, and settles as it does. Rejects with POOL_EXHAUSTED,
   * DRAINING, what `open` says, or the reason of the scope.
   */
  use<T>(key: K, use: (session: C) => Promise<T>, scope: Scope): Promise<T>;
  stats(): PoolStats;
}

/** Raises NET_OPTION_INVALID. */
export function createPool<C extends Session, K extends PoolKey>(
  options: PoolOptions<C, K>,
  runtime: NetRuntime,
): Pool<C, K> {
  return new KeyedPool(options, runtime);
}

interface Idle<C> {
  readonly session: C;
  readonly since: number;
  readonly timer: Timer;
}

/** Of any option. */
const MOST = 86_400_000;

/** What there is for one key. */
interface Shelf<C> {
  readonly idle: Idle<C>[];
  /** Calls whoever waits, the first in line first. */
  readonly waiting: (() => void)[];
  /** Open or being opened. */
  count: number;
}

class KeyedPool<C extends Session, K extends PoolKey> implements Pool<C, K> {
  readonly closed: Promise<CloseReason>;
  readonly #options: Required<Omit<PoolOptions<C, K>, 'check'>> & Pick<PoolOptions<C, K>, 'check'>;
  readonly #runtime: NetRuntime;
  readonly #machine = new Machine<SessionState>('pool', SESSION_TRANSITIONS, 'open');
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #scope: Scope;
  readonly #shelves = new Map<string, Shelf<C>>();
  readonly #sessions = new Set<C>();
  #count = 0;
  #inUse = 0;
  #finished = 0;
  #draining: Promise<DrainReport> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: PoolOptions<C, K>, runtime: NetRuntime) {
    const numbers = {
      maxPerKey: options.maxPerKey ?? 8,
      maxConnections: options.maxConnections ?? 256,
      maxWaiting: options.maxWaiting ?? 1_000,
      maxIdleMs: options.maxIdleMs ?? 60_000,
      checkAfterMs: options.checkAfterMs ?? 1_000,
      drainMs: options.drainMs ?? 5_000,
    };
    for (const [name, value] of Object.entries(numbers)) {
      const least = name === 'maxPerKey' || name === 'maxConnections' ? 1 : 0;
      if (value >= least && value <= MOST) continue;
      const reason = `${name} of a pool is ${value}, and must be from ${least} to ${MOST}`;
      throw netError('NET_OPTION_INVALID', { details: { reason } });
    }
    this.#options = { ...options, ...numbers };
    this.#runtime = runtime;
    this.#scope = createScope({ clock: runtime.clock });
    this.closed = this.#closed.promise;
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get inFlight(): number {
    return this.#inUse;
  }

  stats(): PoolStats {
    const shelves = [...this.#shelves.values()];
    const idle = shelves.reduce((sum, each) => sum + each.idle.length, 0);
    const waiting = shelves.reduce((sum, each) => sum + each.waiting.length, 0);
    return { open: this.#sessions.size, idle, inUse: this.#inUse, waiting };
  }

  async use<T>(key: K, use: (session: C) => Promise<T>, scope: Scope): Promise<T> {
    scope.throwIfEnded();
    if (this.state !== 'open') throw netError('DRAINING', { peer: key.origin });
    this.#inUse += 1;
    const name = nameOf(key);
    try {
      const session = await this.#take(key, name, scope);
      try {
        return await use(session);
      } finally {
        this.#putBack(session, name);
      }
    } finally {
      this.#inUse -= 1;
      this.#finished += 1;
      if (this.#inUse === 0) this.#onIdle?.();
    }
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#options.drainMs);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    if (this.state === 'closed') return;
    this.#machine.move('closed');
    this.#scope.end(reason ?? coreError('CANCELLED'));
    for (const shelf of this.#shelves.values()) for (const { timer } of shelf.idle) timer.cancel();
    for (const session of this.#sessions) session.abort(reason);
    this.#shelves.clear();
    this.#closed.resolve({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #take(key: K, name: string, scope: Scope): Promise<C> {
    using own = scope.child();
    const leave = this.#scope.onEnd((reason) => own.end(reason));
    try {
      for (let isAgain = false; ; isAgain = true) {
        const shelf = this.#shelf(name);
        const idle = shelf.idle.pop();
        if (idle !== undefined) {
          if (await this.#isGood(idle, own)) return idle.session;
        } else if (shelf.count < this.#options.maxPerKey && this.#hasRoom()) {
          return await this.#open(key, name, shelf, own);
        } else {
          await this.#wait(key, shelf, own, isAgain);
        }
      }
    } finally {
      leave();
    }
  }

  async #isGood({ session, since, timer }: Idle<C>, scope: Scope): Promise<boolean> {
    timer.cancel();
    if (session.state !== 'open') return false;
    const { check, checkAfterMs } = this.#options;
    if (check === undefined || this.#runtime.clock.monotonic() - since < checkAfterMs) return true;
    try {
      await check(session, scope);
      return session.state === 'open';
    } catch (error) {
      session.abort(error as RoundhouseError);
      scope.throwIfEnded();
      return false;
    }
  }

  async #open(key: K, name: string, shelf: Shelf<C>, scope: Scope): Promise<C> {
    shelf.count += 1;
    this.#count += 1;
    let session: C;
    try {
      session = await this.#options.open(key, scope);
    } catch (error) {
      this.#left(name, shelf);
      throw error;
    }
    this.#sessions.add(session);
    void session.closed.then(() => {
      this.#sessions.delete(session);
      const at = shelf.idle.findIndex((each) => each.session === session);
      if (at !== -1) shelf.idle.splice(at, 1)[0]?.timer.cancel();
      this.#left(name, shelf);
    });
    return session;
  }

  #putBack(session: C, name: string): void {
    if (session.state !== 'open') return;
    if (this.state !== 'open') {
      void session.drain();
      return;
    }
    const shelf = this.#shelf(name);
    const timer = this.#runtime.clock.setTimer(this.#options.maxIdleMs, () => void session.drain());
    shelf.idle.push({ session, since: this.#runtime.clock.monotonic(), timer });
    this.#wake(shelf);
  }

  /** A connection of the shelf is gone, or did not come to stand. */
  #left(name: string, shelf: Shelf<C>): void {
    shelf.count -= 1;
    this.#count -= 1;
    if (shelf.count === 0 && shelf.waiting.length === 0) this.#shelves.delete(name);
    this.#wake(shelf);
  }

  /** Calls the first who waits for this key; when nobody does, the first of another, for whom there may be room now. */
  #wake(shelf: Shelf<C>): void {
    const other = (): Shelf<C> | undefined => [...this.#shelves.values()].find(({ waiting }) => waiting.length > 0);
    const served = shelf.waiting.length > 0 ? shelf : other();
    served?.waiting.shift()?.();
  }

  /** When all places are taken, an idle connection of another key makes room. */
  #hasRoom(): boolean {
    if (this.#count < this.#options.maxConnections) return true;
    let oldest: Idle<C> | undefined;
    for (const { idle } of this.#shelves.values()) {
      const [first] = idle;
      if (first !== undefined && (oldest === undefined || first.since < oldest.since)) oldest = first;
    }
    if (oldest !== undefined) void oldest.session.drain();
    return false;
  }

  /** Whoever was called in vain stands first in line again. */
  async #wait(key: K, shelf: Shelf<C>, scope: Scope, isAgain: boolean): Promise<void> {
    const { length } = shelf.waiting;
    if (!isAgain && length >= this.#options.maxWaiting) {
      const details = { in_use: this.#inUse, waiting: length };
      throw netError('POOL_EXHAUSTED', { peer: key.origin, details });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    if (isAgain) shelf.waiting.unshift(resolve);
    else shelf.waiting.push(resolve);
    try {
      await scope.race(promise);
    } catch (error) {
      const at = shelf.waiting.indexOf(resolve);
      if (at !== -1) shelf.waiting.splice(at, 1);
      // Called, but no longer there: the call goes to the next one.
      else this.#wake(shelf);
      throw error;
    }
  }

  #shelf(name: string): Shelf<C> {
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) {
      shelf = { idle: [], waiting: [], count: 0 };
      this.#shelves.set(name, shelf);
    }
    return shelf;
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#runtime;
    const startedAt = clock.monotonic();
    if (this.state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#machine.move('draining');
    const before = this.#finished;
    using own = this.#scope.child({ what: 'Draining', timeoutMs });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    try {
      for (const { idle } of this.#shelves.values()) for (const { session } of idle) void session.drain();
      if (this.#inUse > 0) await own.race(promise);
      await own.race(Promise.all([...this.#sessions].map((session) => session.drain({ timeoutMs }))));
    } catch {
      // The time is over: the rest is cut.
    }
    const cut = this.#inUse;
    this.abort();
    return { finished: this.#finished - before, cut, elapsedMs: clock.monotonic() - startedAt };
  }
}

/** No part can run into another. */
function nameOf({ origin, tls, credentials }: PoolKey): string {
  return JSON.stringify([origin, tls, credentials]);
}
