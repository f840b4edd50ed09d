import {
  type CreateSession,
  DEFAULTS,
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
  type Unsubscribe,
} from '@roundhouse/core';
import { resolveSessionOptions, type Session, tn3270Error } from '@roundhouse/tn3270';
import { sessionsError } from '../errors.ts';
import { type HiddenAddresses, NOTHING_HIDDEN, NumberMask } from '../screen/numbers.ts';
import { renderScreen, type ScreenBody, ScreenJsonCache } from '../screen/view.ts';
import { inputTimeoutMs, isTimeout, mayHaveCalledHost, runInput } from './input.ts';
import { InputQueue } from './inputQueue.ts';
import type { Line } from './line.ts';
import { type SessionProfile, sessionOptions } from './open.ts';
import { SESSION_TRANSITIONS } from './state.ts';
import { type InputDigest, submittedKey, type SubmittedInput } from './submitted.ts';
import type { SessionTarget } from './target.ts';

/** Inputs that may stand behind the running one. */
const MAX_QUEUED_INPUTS = 16;
/** Requests that may wait for a newer screen of one session. */
const MAX_SCREEN_WAITERS = 64;

/** How somebody is shown a screen. */
export interface Sight {
  /** Numbers too that are masked for others. Default false. */
  readonly isUnmasked?: boolean;
}

/** For whoever keeps what was sent to hosts. */
export interface InputNote {
  /** Undefined where it cannot be told. */
  readonly onSubmit: (input: SubmittedInput | undefined) => void;
  readonly digest?: InputDigest | undefined;
}

export interface SessionEntryOptions {
  readonly id: string;
  /** Position in the list; grows with every session. */
  readonly sequence: number;
  readonly request: CreateSession;
  /** Principal that has made it; null for the gateway's own. */
  readonly owner: string | null;
  readonly profile: SessionProfile;
  /** Where it is to go first, as far as that is known. */
  readonly target: SessionTarget | undefined;
  /** Time without use after which it is idle, ms; asked at each use. */
  readonly idleAfterMs: () => number;
  /** Whether numbers of cards and social security numbers are masked on its screens. Default false. */
  readonly masksNumbers?: boolean;
  readonly clock: Clock;
  /** The life of the session; the entry ends it. */
  readonly scope: Scope;
  readonly onMove: (entry: SessionEntry, from: SessionState, to: SessionState) => void;
  /** Its host ended the connection, or the connection failed. Whoever is told ends the entry or gives it another line. */
  readonly onLost: (entry: SessionEntry, line: Line, error: RoundhouseError | undefined) => void;
  /** The endpoint of its line asks that it moves. */
  readonly onMoveWanted: (entry: SessionEntry, line: Line) => void;
}

/** One session as callers see it: what was asked for, where it stands, and the line to a host while there is one. */
export class SessionEntry {
  readonly id: string;
  readonly sequence: number;
  readonly scope: Scope;
  readonly request: CreateSession;
  readonly profile: SessionProfile;
  readonly #model: string;
  readonly #codePage: string;
  readonly #options: SessionEntryOptions;
  readonly #clock: Clock;
  readonly #machine: Machine<SessionState>;
  readonly #createdAt: number;
  readonly #queue = new InputQueue(MAX_QUEUED_INPUTS);
  readonly #cache: ScreenJsonCache;
  /** For those who see numbers, where others do not. */
  readonly #unmaskedCache: ScreenJsonCache;
  readonly #numbers: NumberMask | undefined;
  readonly #lineWaiters = new Set<() => void>();
  #line: Line | undefined;
  #leaveLine: Unsubscribe[] = [];
  #target: SessionTarget | undefined;
  /** Added to the version of the screen, so that it grows when another line takes over; without a line the last shown. */
  #versionBase = 0;
  /** The host has the word: an AID is out, and the keyboard still locked for it. */
  #awaitsHost = false;
  #operationId: string | undefined;
  #suspension: Timer | undefined;
  #lastActivityAt: number;
  /** Monotonic. */
  #lastUse: number;
  #idleTimer: Timer | undefined;
  #screenWaiters = 0;
  #endedAt: number | null = null;
  #error: RoundhouseError | undefined;

  /** Raises what the engine says of options that make no session: MODEL_UNKNOWN, CODE_PAGE_UNKNOWN, … */
  constructor(options: SessionEntryOptions) {
    const { id, clock, target } = options;
    this.#options = options;
    this.id = id;
    this.sequence = options.sequence;
    this.scope = options.scope;
    this.request = options.request;
    this.profile = options.profile;
    try {
      const resolved = resolveSessionOptions(sessionOptions(options.profile, target ?? ANY_TARGET, 1));
      this.#model = resolved.model.name;
      this.#codePage = resolved.codePage.id;
    } catch (error) {
      this.scope.end();
      throw error;
    }
    this.#clock = clock;
    this.#target = target;
    this.#machine = new Machine(`session ${id}`, SESSION_TRANSITIONS, 'initializing', (from, to) =>
      options.onMove(this, from, to),
    );
    this.#cache = new ScreenJsonCache(id);
    this.#numbers = options.masksNumbers === true ? new NumberMask() : undefined;
    this.#unmaskedCache = this.#numbers === undefined ? this.#cache : new ScreenJsonCache(id);
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

  get line(): Line | undefined {
    return this.#line;
  }

  /** Where it is, or was last. */
  get target(): SessionTarget | undefined {
    return this.#target;
  }

  /** Principal that has made it; null for one that came by the front door. */
  get owner(): string | null {
    return this.#options.owner;
  }

  get group(): string | null {
    return this.request.group ?? null;
  }

  /** Whether an AID is out that the host has not answered. */
  get awaitsHost(): boolean {
    return this.#awaitsHost;
  }

  /** Whether it has a line, no AID is out and no caller is at work: it can be moved without harm. */
  get isAtSafePoint(): boolean {
    return this.#line !== undefined && !this.#awaitsHost && !this.#queue.isBusy && this.#operationId === undefined;
  }

  /** Whether an operation moves it. */
  get isMoving(): boolean {
    return this.#operationId !== undefined;
  }

  /** Calls back when it has another line, or none, or ends. Returns a function that ends that. */
  onLineChanged(callback: () => void): () => void {
    this.#lineWaiters.add(callback);
    return () => this.#lineWaiters.delete(callback);
  }

  /** Notes that somebody uses it other than through `screen` and `input`. */
  noteUse(): void {
    if (this.#line !== undefined && !this.hasEnded) this.#use();
  }

  /**
   * Takes the first line, or the next one after the host was lost; a session that was suspended is so again. Raises
   * SESSION_CLOSED when the session or the line has ended meanwhile: the line stays the caller's.
   */
  attach(line: Line): void {
    this.#take(line);
    this.#machine.move('connected');
    this.#lastUse = this.#clock.monotonic();
    if (this.#suspension === undefined) this.#startIdleTimer(this.#options.idleAfterMs());
    else this.#machine.move('suspended');
  }

  /** Goes over to another line; gives the old one back, still open. Raises what `attach` does. */
  switchTo(line: Line): Line | undefined {
    const previous = this.#line;
    this.#take(line);
    return previous;
  }

  /** The host is lost and another one is sought. The time to resume a suspended session goes on. */
  detach(): void {
    this.#leave();
    this.#idleTimer?.cancel();
    this.#machine.move('initializing');
    for (const wake of this.#lineWaiters) wake();
  }

  /** The operation that moves the session: input is refused meanwhile. Raises SESSION_MIGRATING when there is one. */
  beginMove(operationId: string): void {
    this.#refuseWhileMoving();
    this.#operationId = operationId;
  }

  endMove(): void {
    this.#operationId = undefined;
  }

  /** Refuses input until `resume`; closes the session when nobody resumes it in time. Raises SESSION_SUSPENDED, … */
  suspend(timeoutMs: number, onTimeout: () => void): void {
    this.#requireLine();
    if (this.state === 'suspended') throw sessionsError('SESSION_SUSPENDED', { details: { session_id: this.id } });
    this.#refuseWhileMoving();
    this.#idleTimer?.cancel();
    this.#machine.move('suspended');
    this.#suspension = this.#clock.setTimer(timeoutMs, onTimeout);
  }

  /** Raises SESSION_NOT_SUSPENDED. */
  resume(): void {
    this.#requireLine();
    if (this.state !== 'suspended') {
      throw sessionsError('SESSION_NOT_SUSPENDED', { details: { session_id: this.id } });
    }
    this.#suspension?.cancel();
    this.#suspension = undefined;
    this.#machine.move('connected');
    this.#lastUse = this.#clock.monotonic();
    this.#startIdleTimer(this.#options.idleAfterMs());
  }

  /** Ends it with an error: it could not be opened, or its host was lost for good. Idempotent. */
  fail(error: unknown): void {
    if (this.hasEnded) return;
    const reason = isRoundhouseError(error)
      ? error
      : coreError('INTERNAL', { details: { reason: 'the session' }, cause: error });
    const line = this.#line;
    this.#end('error', reason);
    line?.destroy(reason);
    this.scope.end();
  }

  /** The host has hung up in good order. */
  hungUp(error: RoundhouseError | undefined): void {
    if (this.hasEnded) return;
    this.#end('closed', error);
    this.scope.end();
  }

  /** Says goodbye to the host. Idempotent. */
  async close(): Promise<void> {
    if (this.hasEnded) return;
    const line = this.#line;
    this.#end('closed', undefined);
    await line?.close();
    this.scope.end();
  }

  resource(): SessionResource {
    const { tls, application, user, metadata } = this.request;
    const line = this.#line;
    const session = line?.session;
    const target = this.#target;
    const error = this.#error;
    return {
      id: this.id,
      state: this.state,
      host: target?.host ?? '',
      port: target?.port ?? 0,
      tls: session === undefined ? tls !== undefined && tls !== false : session.tls !== null,
      endpoint: target?.endpoint ?? null,
      group: this.group,
      lu: session?.lu ?? null,
      connection_state: this.hasEnded || session === undefined ? 'not-connected' : session.connectionState,
      model: this.#model,
      code_page: this.#codePage,
      application: application ?? null,
      user: user ?? null,
      created_by: this.owner,
      created_at: rfc3339(this.#createdAt),
      last_activity_at: rfc3339(this.#lastActivityAt),
      ended_at: this.#endedAt === null ? null : rfc3339(this.#endedAt),
      error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
      metadata: metadata ?? {},
    };
  }

  /** The present screen. Raises SESSION_NOT_READY, SESSION_CLOSED. */
  screen(format: ScreenFormat, sight: Sight = {}): ScreenBody {
    const session = this.#use();
    const version = this.#versionBase + session.screen.version;
    if (format !== 'json') {
      return renderScreen({ id: this.id, version }, session, format, this.#hiddenFrom(sight, session));
    }
    return { mediaType: 'application/json; charset=utf-8', body: this.#json(session, sight), version };
  }

  #json(session: Session, sight: Sight): string {
    const version = this.#versionBase + session.screen.version;
    const cache = sight.isUnmasked === true ? this.#unmaskedCache : this.#cache;
    return cache.json(session, version, this.#hiddenFrom(sight, session));
  }

  #hiddenFrom({ isUnmasked = false }: Sight, session: Session): HiddenAddresses {
    if (this.#numbers === undefined || isUnmasked) return NOTHING_HIDDEN;
    return this.#numbers.hidden(session, this.#versionBase + session.screen.version);
  }

  /** The screen once it is newer than `after`, or the present one at the time-out. */
  async newerScreen(after: number, query: ScreenQuery, scope: Scope, sight: Sight = {}): Promise<ScreenBody> {
    const session = this.#use();
    if (this.#versionBase + session.screen.version <= after) {
      if (this.#screenWaiters >= MAX_SCREEN_WAITERS) {
        throw sessionsError('WAITERS_LIMIT_REACHED', {
          details: { session_id: this.id, waiters: this.#screenWaiters },
        });
      }
      this.#screenWaiters++;
      using deadline = scope.child({ what: 'The wait', timeoutMs: query.timeout_ms ?? DEFAULTS.screenTimeoutMs });
      const leave = this.onLineChanged(() => deadline.end());
      try {
        await session.waitFor({ for: 'change', after: after - this.#versionBase }, deadline);
      } catch (error) {
        scope.throwIfEnded();
        // Otherwise the line was lost, exchanged or closed: there is a newer screen, or a better reason.
        if (!this.hasEnded && this.#line?.session === session && !isTimeout(error)) throw error;
      } finally {
        leave();
        this.#screenWaiters--;
      }
    }
    return this.screen(query.format ?? 'json', sight);
  }

  /**
   * Does an input when those before it are done; the answer holds the screen after it. Raises INPUT_BUSY,
   * SESSION_SUSPENDED, SESSION_MIGRATING, INPUT_INDETERMINATE, and what the engine does.
   */
  async input(request: InputRequest, scope: Scope, note?: InputNote, sight: Sight = {}): Promise<string> {
    this.#useForInput();
    if (this.#queue.isFull) {
      throw sessionsError('INPUT_BUSY', { details: { session_id: this.id, completed_actions: 0 } });
    }
    const release = await this.#turn(request, scope);
    try {
      const session = this.#useForInput();
      try {
        await runInput(
          session,
          request,
          scope,
          note && ((key) => note.onSubmit(submittedKey(session, key, note.digest))),
        );
      } catch (error) {
        await this.#fateOf(session, scope);
        throw this.#line?.session === session ? error : this.#interrupted(request, error);
      }
      this.#use();
      const body = this.#json(session, sight);
      return `{"outcome":"ok","completed_actions":${request.actions.length},${body.slice(1)}`;
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
      throw sessionsError('INPUT_BUSY', { details: { session_id: this.id, completed_actions: 0 }, cause });
    }
  }

  /** Where the line is lost: waits until it is known whether another one is sought, or the session has ended with it. */
  async #fateOf(session: Session, scope: Scope): Promise<void> {
    if (this.hasEnded || this.#line?.session !== session || session.connectionState !== 'not-connected') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = this.onLineChanged(resolve);
    try {
      await scope.race(promise);
    } finally {
      leave();
    }
  }

  /** The line went away under an input: if the host had been called, nobody knows what became of it. */
  #interrupted(request: InputRequest, error: unknown): unknown {
    if (!isRoundhouseError(error) || error.code !== 'SESSION_CLOSED' || this.hasEnded) return error;
    const completed = Number(error.details['completed_actions'] ?? 0);
    if (!mayHaveCalledHost(request, completed)) return error;
    const details = { session_id: this.id, completed_actions: completed };
    return sessionsError('INPUT_INDETERMINATE', { details, cause: error });
  }

  #useForInput(): Session {
    if (this.state === 'suspended') throw sessionsError('SESSION_SUSPENDED', { details: { session_id: this.id } });
    this.#refuseWhileMoving();
    return this.#use();
  }

  #refuseWhileMoving(): void {
    if (this.#operationId === undefined) return;
    const details = { session_id: this.id, operation_id: this.#operationId, completed_actions: 0 };
    throw sessionsError('SESSION_MIGRATING', { details });
  }

  /** The live session, noting that a caller used it. */
  #use(): Session {
    const { session } = this.#requireLine();
    this.#lastActivityAt = this.#clock.now();
    this.#lastUse = this.#clock.monotonic();
    const { state } = this;
    if (state !== 'active' && state !== 'suspended') {
      this.#machine.move('active');
      if (state === 'idle') this.#startIdleTimer(this.#options.idleAfterMs());
    }
    return session;
  }

  #requireLine(): Line {
    if (this.hasEnded) {
      const reason = this.#error?.message ?? 'it was closed';
      throw tn3270Error('SESSION_CLOSED', { details: { session_id: this.id, reason } });
    }
    if (this.#line === undefined) throw sessionsError('SESSION_NOT_READY', { details: { session_id: this.id } });
    return this.#line;
  }

  #take(line: Line): void {
    const { session } = line;
    if (this.hasEnded || session.connectionState === 'not-connected') {
      const reason = this.hasEnded ? 'it was closed' : 'the host hung up at once';
      throw tn3270Error('SESSION_CLOSED', { details: { session_id: this.id, reason } });
    }
    this.#leave();
    if (this.#versionBase > 0) this.#versionBase++;
    this.#line = line;
    this.#target = line.target;
    this.#awaitsHost = session.lockReason === 'twait';
    this.#leaveLine = [
      session.on('lockChanged', ({ reason }) => {
        // A host at work may write and keep the keyboard; what was out when the connection ended stays out.
        if (reason !== 'not_connected' && reason !== 'system') this.#awaitsHost = reason === 'twait';
      }),
      session.on('closed', ({ error }) => {
        if (this.#line === line && !this.hasEnded) this.#options.onLost(this, line, error);
      }),
    ];
    const { lease } = line;
    if (lease !== undefined) {
      const moveWanted = (): void => this.#options.onMoveWanted(this, line);
      this.#leaveLine.push(lease.on('moveWanted', moveWanted));
      if (lease.wish !== null) moveWanted();
    }
    for (const wake of this.#lineWaiters) wake();
  }

  #leave(): void {
    if (this.#line !== undefined) this.#versionBase += this.#line.session.screen.version;
    this.#line = undefined;
    for (const unsubscribe of this.#leaveLine) unsubscribe();
    this.#leaveLine = [];
  }

  /** One timer a session: it looks when the last use was, so that a use costs no timer. */
  #startIdleTimer(delayMs: number): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#clock.setTimer(delayMs, () => {
      const left = this.#lastUse + this.#options.idleAfterMs() - this.#clock.monotonic();
      if (left > 0) this.#startIdleTimer(left);
      else if (this.#machine.can('idle')) this.#machine.move('idle');
    });
  }

  #end(state: 'closed' | 'error', error: RoundhouseError | undefined): void {
    this.#idleTimer?.cancel();
    this.#suspension?.cancel();
    this.#error = error;
    this.#endedAt = this.#clock.now();
    this.#machine.move(state);
    for (const wake of this.#lineWaiters) wake();
  }
}

/** Options are checked before anybody knows where the session will go. */
const ANY_TARGET: SessionTarget = {
  endpoint: null,
  host: 'localhost',
  port: 23,
  tls: undefined,
  startTls: undefined,
  compat: undefined,
};

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
