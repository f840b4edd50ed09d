import { type CreateSession, DEFAULTS, SESSION_STATES, type SessionList, type SessionState } from '@roundhouse/api';
import { type Clock, type Logger, type Scope, type Timer, isRoundhouseError } from '@roundhouse/core';
import { type Session, type SessionOptions, tn3270Error } from '@roundhouse/tn3270';
import { serverError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { firstScreen, type OpenSession, sessionOptions } from './open.ts';
import { SessionEntry } from './sessionEntry.ts';

/** Bytes of a session id that cannot be guessed. */
const ID_BYTES = 18;
/** Ended sessions that stay in the list at most. */
const MAX_ENDED = 1_000;
/** The engine's own time-out names the phase that hung, so it goes first by this much, ms. */
const ENGINE_HEAD_START_MS = 250;

export interface SessionRegistryOptions {
  readonly maxSessions: number;
  /** Time without use after which a session is idle, ms. */
  readonly idleAfterMs: number;
  /** How long a session that ended by itself stays in the list, ms. */
  readonly retainEndedMs: number;
}

export interface SessionRegistryDependencies {
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly randomBytes: (size: number) => Buffer;
  /** The life of the server. */
  readonly scope: Scope;
}

/** All sessions of one server, by id. */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  readonly #deps: SessionRegistryDependencies;
  readonly #entries = new Map<string, SessionEntry>();
  /** Ended sessions in the order of their end, with the timer that forgets each. */
  readonly #ended = new Map<string, Timer>();
  #sequence = 0;
  #isClosing = false;

  constructor(options: SessionRegistryOptions, deps: SessionRegistryDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * Opens a session and waits as the request says. When `caller` ends first, or the session cannot be opened, nothing
   * is left of it.
   */
  async create(request: CreateSession, caller: Scope): Promise<SessionEntry> {
    if (this.#isClosing) throw serverError('SHUTTING_DOWN');
    const { maxSessions } = this.#options;
    if (this.#entries.size - this.#ended.size >= maxSessions) {
      throw serverError('SESSION_LIMIT_REACHED', { details: { max_sessions: maxSessions } });
    }
    const timeoutMs = request.timeout_ms ?? DEFAULTS.createTimeoutMs;
    const options = sessionOptions(request, Math.max(timeoutMs, 1));
    const entry = this.#add(request, options);
    if (request.wait === 'none') {
      void this.#open(entry, options).catch((error: unknown) => this.#failed(entry, error));
      return entry;
    }
    using deadline = caller.child({ what: 'The session', timeoutMs: timeoutMs + ENGINE_HEAD_START_MS });
    try {
      await deadline.race(this.#openAndWait(entry, request, options, deadline));
      return entry;
    } catch (error) {
      this.#entries.delete(entry.id);
      this.#forgetEnded(entry.id);
      const reason = this.#creationError(error, request, timeoutMs);
      this.#failed(entry, reason);
      throw reason;
    }
  }

  /** Raises SESSION_NOT_FOUND. */
  get(id: string): SessionEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw serverError('SESSION_NOT_FOUND', { details: { session_id: id } });
    return entry;
  }

  /** One page, oldest first. `after` is the sequence number of the last entry seen. */
  list(limit: number, after: number): { items: SessionList['items']; next: number | null } {
    const items: SessionList['items'] = [];
    let last = after;
    for (const entry of this.#entries.values()) {
      if (entry.sequence <= after) continue;
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

  #add(request: CreateSession, options: SessionOptions): SessionEntry {
    const { clock, metrics, randomBytes, scope } = this.#deps;
    const id = `ses_${randomBytes(ID_BYTES).toString('base64url')}`;
    const entry = new SessionEntry({
      id,
      sequence: ++this.#sequence,
      request,
      sessionOptions: options,
      idleAfterMs: this.#options.idleAfterMs,
      clock,
      scope: scope.child(),
      onMove: (moved, from, to) => this.#moved(moved, from, to),
    });
    this.#entries.set(id, entry);
    metrics.sessionsCreated.add(1);
    return entry;
  }

  async #openAndWait(
    entry: SessionEntry,
    request: CreateSession,
    options: SessionOptions,
    scope: Scope,
  ): Promise<void> {
    const session = await this.#open(entry, options);
    if (request.wait !== 'connected') await firstScreen(session, scope);
  }

  async #open(entry: SessionEntry, options: SessionOptions): Promise<Session> {
    const session = await this.#deps.openSession(options, entry.scope);
    if (entry.hasEnded) {
      session.destroy();
      throw tn3270Error('SESSION_CLOSED', { details: { reason: 'it was closed while it was opened' } });
    }
    // It may have ended before it came here; a wait says why.
    if (session.connectionState === 'not-connected') await session.waitFor({ for: 'unlocked' }, entry.scope);
    entry.attach(session, () => this.#endedByItself(entry));
    return session;
  }

  /** A deadline that nobody else explained means a host that says nothing; a session that ended, its own reason. */
  #creationError(error: unknown, { host, port }: CreateSession, timeoutMs: number): unknown {
    if (!isRoundhouseError(error)) return error;
    if (error.code === 'SESSION_CLOSED' && isRoundhouseError(error.cause)) return error.cause;
    if (error.code !== 'DEADLINE_EXCEEDED') return error;
    const details = { peer: `${host}:${port}`, timeout_ms: timeoutMs, phase: 'first screen' };
    return tn3270Error('HOST_SILENT', { details, cause: error });
  }

  #failed(entry: SessionEntry, error: unknown): void {
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    this.#deps.log.warn('session not opened', { session_id: entry.id, code });
    if (entry.hasEnded) return;
    entry.fail(error);
    if (this.#entries.has(entry.id)) this.#endedByItself(entry);
  }

  #endedByItself(entry: SessionEntry): void {
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

  #moved(entry: SessionEntry, from: SessionState, to: SessionState): void {
    const { log, metrics } = this.#deps;
    if (to === 'closed') metrics.sessionsClosed.add(1);
    if (to === 'error') metrics.sessionsFailed.add(1, { code: entry.error?.code ?? 'INTERNAL' });
    log.debug('session moved', { session_id: entry.id, from, to });
  }
}
