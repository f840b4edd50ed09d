import { DEFAULTS, type CreateSession, SESSION_STATES, type SessionList, type SessionState } from '@roundhouse/api';
import {
  type Clock,
  isRoundhouseError,
  type Logger,
  type RoundhouseError,
  type Scope,
  type Timer,
} from '@roundhouse/core';
import { tn3270Error } from '@roundhouse/tn3270';
import { sessionsError } from '../errors.ts';
import type { Events } from '../event/events.ts';
import type { Connector, Destination } from './connector.ts';
import { SessionEntry } from './entry.ts';
import type { Line } from './line.ts';
import type { SessionProfile } from './open.ts';

/** Ended sessions that stay in the list at most. */
const MAX_ENDED = 1_000;

export interface SessionRegistryOptions {
  readonly maxSessions: number;
  /** Sessions that one `user` may have; Infinity for no limit. */
  readonly maxSessionsPerUser: number;
  /** Time without use after which a session is idle, ms. */
  readonly idleAfterMs: number;
  /** How long a session that ended by itself stays in the list, ms. */
  readonly retainEndedMs: number;
}

/** A request with the defaults of its group, and where it may go. Raises GROUP_NOT_FOUND. */
type Route = (request: CreateSession) => {
  readonly profile: SessionProfile;
  readonly destination: Destination;
};

export interface SessionRegistryDependencies {
  readonly connector: Connector;
  readonly route: Route;
  /** A line that stands ready for such a request; undefined when one has to be opened. It belongs to the session then. */
  readonly leaseWarm: (request: CreateSession, life: Scope) => Line | undefined;
  /** See `SessionEntryOptions`. */
  readonly masksNumbers?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: Events;
  readonly newId: (prefix: string) => string;
  /** The life of the gateway. */
  readonly scope: Scope;
  /** A session lost its host. True when it is given another one; otherwise it ends. */
  readonly onLost: (entry: SessionEntry, line: Line, error: RoundhouseError | undefined) => boolean;
  readonly onMoveWanted: (entry: SessionEntry, line: Line) => void;
}

export interface CreateOptions {
  /**
   * Open it for this caller even if one of the group stands ready. What stands ready is lent: it has the contract of a
   * session, but is no `LiveSession` that a terminal could be attached to. Default false.
   */
  readonly isFresh?: boolean;
  /** Principal that makes it. Default: none. */
  readonly owner?: string;
}

/** All sessions of one gateway, by id. */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  readonly #deps: SessionRegistryDependencies;
  readonly #entries = new Map<string, SessionEntry>();
  /** Sessions that have not ended, by user. */
  readonly #perUser = new Map<string, number>();
  /** Ended sessions in the order of their end, with the timer that forgets each. */
  readonly #ended = new Map<string, Timer>();
  #sequence = 0;
  #isClosing = false;

  constructor(options: SessionRegistryOptions, deps: SessionRegistryDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Sessions that have not ended. */
  get size(): number {
    return this.#entries.size - this.#ended.size;
  }

  /** How many there may be at a time. */
  get capacity(): number {
    return this.#options.maxSessions;
  }

  /** Those that have not ended. */
  *live(): Iterable<SessionEntry> {
    for (const entry of this.#entries.values()) if (!entry.hasEnded) yield entry;
  }

  /**
   * Opens a session and waits as the request says, or takes one of the group that stands ready, at once. When `caller`
   * ends first, or the session cannot be opened, nothing is left of it.
   */
  async create(
    request: CreateSession,
    caller: Scope,
    { isFresh = false, owner }: CreateOptions = {},
  ): Promise<SessionEntry> {
    if (this.#isClosing) throw sessionsError('GATEWAY_STOPPING');
    this.#checkLimits(request.user ?? undefined);
    const { profile, destination } = this.#deps.route(request);
    const entry = this.#add(request, owner ?? null, profile, destination);
    const warm = isFresh || caller.signal.aborted ? undefined : this.#deps.leaseWarm(request, entry.scope);
    if (warm !== undefined) {
      entry.attach(warm);
      return entry;
    }
    const timeoutMs = request.timeout_ms ?? DEFAULTS.createTimeoutMs;
    const until = request.wait === 'connected' || request.wait === 'none' ? 'connected' : 'screen';
    const connection = { profile, destination, until, timeoutMs } as const;
    if (request.wait === 'none') {
      void this.#connect(entry, connection, entry.scope).catch((error: unknown) => this.#failed(entry, error));
      return entry;
    }
    try {
      await this.#connect(entry, connection, caller);
      return entry;
    } catch (error) {
      this.#entries.delete(entry.id);
      this.#forgetEnded(entry.id);
      this.#failed(entry, error);
      throw error;
    }
  }

  /** Raises SESSION_NOT_FOUND. */
  get(id: string): SessionEntry {
    const entry = this.find(id);
    if (entry === undefined) throw sessionsError('SESSION_NOT_FOUND', { details: { session_id: id } });
    return entry;
  }

  /** Undefined for one that there is not, or not any more. */
  find(id: string): SessionEntry | undefined {
    return this.#entries.get(id);
  }

  /** One page of those that `isShown`, oldest first. `after` is the sequence number of the last entry seen. */
  list(
    limit: number,
    after: number,
    isShown: (entry: SessionEntry) => boolean = () => true,
  ): { items: SessionList['items']; next: number | null } {
    const items: SessionList['items'] = [];
    let last = after;
    for (const entry of this.#entries.values()) {
      if (entry.sequence <= after || !isShown(entry)) continue;
      if (items.length === limit) return { items, next: last };
      items.push(entry.resource());
      last = entry.sequence;
    }
    return { items, next: null };
  }

  /** How many sessions are in each state, those that ended lately included. */
  countByState(): Readonly<Record<SessionState, number>> {
    const counts = Object.fromEntries(SESSION_STATES.map((state) => [state, 0])) as Record<SessionState, number>;
    for (const entry of this.#entries.values()) counts[entry.state]++;
    return counts;
  }

  /** Closes a session and forgets it. Raises SESSION_NOT_FOUND. */
  async remove(id: string): Promise<void> {
    const entry = this.get(id);
    this.#entries.delete(id);
    this.#forgetEnded(id);
    await entry.close();
  }

  /** Closes every session. Idempotent; nothing can be created afterwards. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#entries.keys()].map((id) => this.remove(id)));
  }

  #checkLimits(user: string | undefined): void {
    const { maxSessions, maxSessionsPerUser } = this.#options;
    if (this.size >= maxSessions) {
      throw sessionsError('SESSION_LIMIT_REACHED', { details: { max_sessions: maxSessions } });
    }
    if (user !== undefined && (this.#perUser.get(user) ?? 0) >= maxSessionsPerUser) {
      throw sessionsError('USER_LIMIT_REACHED', { details: { user, max_sessions: maxSessionsPerUser } });
    }
  }

  #add(request: CreateSession, owner: string | null, profile: SessionProfile, destination: Destination): SessionEntry {
    const { clock, newId, scope, masksNumbers = false } = this.#deps;
    const entry = new SessionEntry({
      id: newId('ses'),
      sequence: ++this.#sequence,
      request,
      owner,
      profile,
      target: destination.kind === 'target' ? destination.target : undefined,
      idleAfterMs: () => this.#options.idleAfterMs,
      masksNumbers,
      clock,
      scope: scope.child(),
      onMove: (moved, from, to) => this.#moved(moved, from, to),
      onLost: (lost, line, error) => this.#lost(lost, line, error),
      onMoveWanted: this.#deps.onMoveWanted,
    });
    this.#entries.set(entry.id, entry);
    this.#countUser(request.user, 1);
    this.#publish('created', entry, { group: entry.group });
    return entry;
  }

  async #connect(entry: SessionEntry, connection: Parameters<Connector['connect']>[0], caller: Scope): Promise<void> {
    const line = await this.#deps.connector.connect(connection, entry.scope, caller);
    if (entry.hasEnded) {
      line.destroy();
      throw tn3270Error('SESSION_CLOSED', { details: { reason: 'it was closed while it was opened' } });
    }
    entry.attach(line);
  }

  #failed(entry: SessionEntry, error: unknown): void {
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    this.#deps.log.warn('session not opened', { session_id: entry.id, code });
    if (entry.hasEnded) return;
    entry.fail(error);
    this.#keepForAWhile(entry);
  }

  #lost(entry: SessionEntry, line: Line, error: RoundhouseError | undefined): void {
    if (this.#deps.onLost(entry, line, error)) return;
    this.end(entry, error);
  }

  /** Ends a session whose host is gone: `closed` after a good-bye, `error` otherwise. It stays in the list for a while. */
  end(entry: SessionEntry, error: RoundhouseError | undefined): void {
    if (error === undefined || error.code === 'HOST_CLOSED') entry.hungUp(error);
    else entry.fail(error);
    this.#keepForAWhile(entry);
  }

  #keepForAWhile(entry: SessionEntry): void {
    if (!this.#entries.has(entry.id)) return;
    const timer = this.#deps.clock.setTimer(this.#options.retainEndedMs, () => this.#forget(entry.id));
    this.#ended.set(entry.id, timer);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#forget(oldest);
  }

  #forget(id: string): void {
    this.#entries.delete(id);
    this.#forgetEnded(id);
  }

  #forgetEnded(id: string): void {
    this.#ended.get(id)?.cancel();
    this.#ended.delete(id);
  }

  #countUser(user: string | null | undefined, change: number): void {
    if (user === null || user === undefined) return;
    const count = (this.#perUser.get(user) ?? 0) + change;
    if (count === 0) this.#perUser.delete(user);
    else this.#perUser.set(user, count);
  }

  #moved(entry: SessionEntry, from: SessionState, to: SessionState): void {
    const { log } = this.#deps;
    log.debug('session moved', { session_id: entry.id, from, to });
    if (to === 'closed' || to === 'error') this.#countUser(entry.request.user, -1);
    const name = from === 'suspended' && to === 'connected' ? 'resumed' : to;
    this.#publish(name, entry, { from, ...(entry.error === undefined ? {} : { code: entry.error.code }) });
  }

  #publish(name: string, entry: SessionEntry, data: Readonly<Record<string, unknown>>): void {
    const { target } = entry;
    this.#deps.events.publish(`session.${name}`, entry.id, {
      ...data,
      endpoint: target?.endpoint ?? null,
      ...(target === undefined ? {} : { host: target.host, port: target.port }),
    });
  }
}
