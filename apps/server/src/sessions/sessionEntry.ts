import {
  DEFAULTS,
  type CreateSession,
  type InputRequest,
  type ScreenFormat,
  type ScreenQuery,
  type SessionResource,
  type SessionState,
} from '@roundhouse/api';
import {
  type Clock,
  coreError,
  isRoundhouseError,
  Machine,
  type RoundhouseError,
  type Scope,
  type Timer,
} from '@roundhouse/core';
import { resolveSessionOptions, type Session, type SessionOptions, tn3270Error } from '@roundhouse/tn3270';
import { serverError } from '../errors.ts';
import { inputTimeoutMs, isTimeout, runInput } from './input.ts';
import { InputQueue } from './inputQueue.ts';
import { renderScreen, type ScreenBody, ScreenJsonCache } from './screenView.ts';
import { SESSION_TRANSITIONS } from './state.ts';

/** Inputs that may stand behind the running one. */
const MAX_QUEUED_INPUTS = 16;
/** Requests that may wait for a newer screen of one session. */
const MAX_SCREEN_WAITERS = 64;
/** How long a goodbye to the host may take, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface SessionEntryOptions {
  readonly id: string;
  /** Position in the list; grows with every session. */
  readonly sequence: number;
  readonly request: CreateSession;
  /** What the engine is told of the request. */
  readonly sessionOptions: SessionOptions;
  readonly idleAfterMs: number;
  readonly clock: Clock;
  /** The life of the session; the entry ends it. */
  readonly scope: Scope;
  readonly onMove: (entry: SessionEntry, from: SessionState, to: SessionState) => void;
}

/** One session as the API shows it: what was asked for, where it stands, and the live session while there is one. */
export class SessionEntry {
  readonly id: string;
  readonly sequence: number;
  readonly scope: Scope;
  readonly #request: CreateSession;
  readonly #model: string;
  readonly #codePage: string;
  readonly #clock: Clock;
  readonly #idleAfterMs: number;
  readonly #machine: Machine<SessionState>;
  readonly #createdAt: number;
  readonly #queue = new InputQueue(MAX_QUEUED_INPUTS);
  readonly #cache: ScreenJsonCache;
  #session: Session | undefined;
  #lastActivityAt: number;
  /** Monotonic. */
  #lastUse: number;
  #idleTimer: Timer | undefined;
  #screenWaiters = 0;
  #endedAt: number | null = null;
  #error: RoundhouseError | undefined;

  /** Raises what the engine says of options that make no session: MODEL_UNKNOWN, CODE_PAGE_UNKNOWN, … */
  constructor(options: SessionEntryOptions) {
    const { id, request, clock } = options;
    this.id = id;
    this.sequence = options.sequence;
    this.scope = options.scope;
    this.#request = request;
    const { model, codePage } = resolveSessionOptions(options.sessionOptions);
    this.#model = model.name;
    this.#codePage = codePage.id;
    this.#clock = clock;
    this.#idleAfterMs = options.idleAfterMs;
    this.#machine = new Machine(`session ${id}`, SESSION_TRANSITIONS, 'initializing', (from, to) =>
      options.onMove(this, from, to),
    );
    this.#cache = new ScreenJsonCache(id);
    this.#createdAt = clock.now();
    this.#lastActivityAt = this.#createdAt;
    this.#lastUse = clock.monotonic();
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get hasEnded(): boolean {
    return this.#machine.isFinal;
  }

  /** Why the session ended, if it did so by a fault or by the host. */
  get error(): RoundhouseError | undefined {
    return this.#error;
  }

  /** Takes the session that was opened. `onEnded` is called once, when it ends by itself. */
  attach(session: Session, onEnded: () => void): void {
    this.#session = session;
    this.#machine.move('connected');
    this.#lastUse = this.#clock.monotonic();
    this.#startIdleTimer(this.#idleAfterMs);
    session.on('closed', ({ error }) => {
      if (this.hasEnded) return;
      this.#end(error === undefined || error.code === 'HOST_CLOSED' ? 'closed' : 'error', error);
      this.scope.end();
      onEnded();
    });
  }

  /** The session could not be opened, or showed no screen. */
  fail(error: unknown): void {
    if (this.hasEnded) return;
    this.#end(
      'error',
      isRoundhouseError(error) ? error : coreError('INTERNAL', { details: { reason: 'open' }, cause: error }),
    );
    this.#session?.destroy(this.#error);
    this.scope.end();
  }

  /** Says goodbye to the host, or cuts the connection when that takes too long. Idempotent. */
  async close(): Promise<void> {
    if (this.hasEnded) return;
    const session = this.#session;
    this.#end('closed', undefined);
    if (session === undefined) {
      this.scope.end();
      return;
    }
    using scope = this.scope.child({ what: 'The goodbye', timeoutMs: CLOSE_TIMEOUT_MS });
    try {
      await scope.race(session.close());
    } catch {
      session.destroy();
    } finally {
      this.scope.end();
    }
  }

  resource(): SessionResource {
    const { host, port, tls, application, user, metadata } = this.#request;
    const session = this.#session;
    const error = this.#error;
    return {
      id: this.id,
      state: this.state,
      host,
      port,
      tls: session === undefined ? tls !== undefined && tls !== false : session.tls !== null,
      endpoint: null,
      lu: session?.lu ?? null,
      connection_state: this.hasEnded || session === undefined ? 'not-connected' : session.connectionState,
      model: this.#model,
      code_page: this.#codePage,
      application: application ?? null,
      user: user ?? null,
      created_at: rfc3339(this.#createdAt),
      last_activity_at: rfc3339(this.#lastActivityAt),
      ended_at: this.#endedAt === null ? null : rfc3339(this.#endedAt),
      error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
      metadata: metadata ?? {},
    };
  }

  /** The present screen. Raises SESSION_NOT_READY, SESSION_CLOSED. */
  screen(format: ScreenFormat): ScreenBody {
    const session = this.#use();
    if (format !== 'json') return renderScreen(this.id, session, format);
    return { mediaType: 'application/json; charset=utf-8', body: this.#cache.json(session) };
  }

  /** The screen once it is newer than `after`, or the present one at the time-out. */
  async newerScreen(after: number, query: ScreenQuery, scope: Scope): Promise<ScreenBody> {
    const session = this.#use();
    if (session.screen.version <= after) {
      if (this.#screenWaiters >= MAX_SCREEN_WAITERS) {
        throw serverError('WAITERS_LIMIT_REACHED', { details: { session_id: this.id, waiters: this.#screenWaiters } });
      }
      this.#screenWaiters++;
      using deadline = scope.child({ what: 'The wait', timeoutMs: query.timeout_ms ?? DEFAULTS.screenTimeoutMs });
      try {
        await session.waitFor({ for: 'change', after }, deadline);
      } catch (error) {
        scope.throwIfEnded();
        if (!isTimeout(error)) throw error;
      } finally {
        this.#screenWaiters--;
      }
    }
    return this.screen(query.format ?? 'json');
  }

  /** Does an input when those before it are done; the answer holds the screen after it. Raises INPUT_BUSY and what the engine does. */
  async input(request: InputRequest, scope: Scope): Promise<string> {
    this.#use();
    if (this.#queue.isFull) throw serverError('INPUT_BUSY', { details: { session_id: this.id, completed_actions: 0 } });
    const release = await this.#turn(request, scope);
    try {
      const session = this.#use();
      await runInput(session, request, scope);
      this.#use();
      return `{"outcome":"ok","completed_actions":${request.actions.length},${this.#cache.json(session).slice(1)}`;
    } finally {
      release();
    }
  }

  async #turn(request: InputRequest, scope: Scope): Promise<() => void> {
    using deadline = scope.child({ what: 'The queue', timeoutMs: inputTimeoutMs(request) });
    try {
      return await this.#queue.enter(deadline);
    } catch (cause) {
      scope.throwIfEnded();
      throw serverError('INPUT_BUSY', { details: { session_id: this.id, completed_actions: 0 }, cause });
    }
  }

  /** The live session, noting that a caller used it. */
  #use(): Session {
    const session = this.#session;
    if (this.hasEnded) {
      const reason = this.#error?.message ?? 'it was closed';
      throw tn3270Error('SESSION_CLOSED', { details: { session_id: this.id, reason } });
    }
    if (session === undefined) throw serverError('SESSION_NOT_READY', { details: { session_id: this.id } });
    this.#lastActivityAt = this.#clock.now();
    this.#lastUse = this.#clock.monotonic();
    const { state } = this;
    if (state !== 'active') {
      this.#machine.move('active');
      if (state === 'idle') this.#startIdleTimer(this.#idleAfterMs);
    }
    return session;
  }

  /** One timer a session: it looks when the last use was, so that a use costs no timer. */
  #startIdleTimer(delayMs: number): void {
    this.#idleTimer = this.#clock.setTimer(delayMs, () => {
      const left = this.#lastUse + this.#idleAfterMs - this.#clock.monotonic();
      if (left > 0) this.#startIdleTimer(left);
      else this.#machine.move('idle');
    });
  }

  #end(state: 'closed' | 'error', error: RoundhouseError | undefined): void {
    this.#idleTimer?.cancel();
    this.#error = error;
    this.#endedAt = this.#clock.now();
    this.#machine.move(state);
  }
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
