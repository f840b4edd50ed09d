import {
  coreError,
  createScope,
  isRoundhouseError,
  type RoundhouseError,
  reportUncaught,
  type Scope,
} from '@roundhouse/core';
import {
  type CloseReason,
  createRuntime,
  type Drainable,
  type DrainOptions,
  type DrainReport,
  netError,
  type NetRuntime,
  type SessionState,
} from '@roundhouse/net';
import { type Backoff, exponentialBackoff } from '@roundhouse/resilience';
import { connectWebSocket, type WebSocketOptions } from './client.ts';
import { CLOSE } from './closeCode.ts';
import { PROTOCOL, type WebSocketConnection } from './connection.ts';
import { Inbox, type WebSocketMessage } from './inbox.ts';
import { resolveLimits } from './options.ts';

export interface ReconnectingOptions extends WebSocketOptions {
  /** Waits between attempts. Default: from 0.5 s, doubled up to 30 s, with full jitter. */
  readonly backoff?: Backoff;
  /** A connection that stood for so long starts the waits anew, ms. Default 5,000. */
  readonly stableMs?: number;
  /**
   * Called with each new connection before anything that waits is sent: to log in, to subscribe again, to ask for what
   * was missed. What it rejects with is a failed attempt.
   */
  readonly resume?: (connection: WebSocketConnection, scope: Scope) => Promise<void>;
  /** Whether to connect again. Default: unless the peer closed with 1000, or an error would come again. */
  readonly isWorthIt?: (outcome: { readonly code: number; readonly error: RoundhouseError | null }) => boolean;
  /** Messages that may wait for a connection. Default 1,000. */
  readonly maxWaiting?: number;
}

/** A WebSocket that is connected again when it is lost. What was being sent when it was lost is not sent twice. */
export interface ReconnectingWebSocket extends Drainable, AsyncIterable<WebSocketMessage> {
  /** Null while there is none. */
  readonly connection: WebSocketConnection | null;
  /** Connections that stood so far. */
  readonly connections: number;
  /**
   * Sends, or waits for a connection to send on; order is kept. Rejects as `send` of a connection does, with
   * POOL_EXHAUSTED when too many wait, or with what it was given up for.
   */
  send(message: WebSocketMessage, scope: Scope): Promise<void>;
}

/** Connects now, and again whenever the connection is lost, until it is drained or the scope ends. Raises NET_OPTION_INVALID. */
export function createReconnectingWebSocket(
  options: ReconnectingOptions,
  scope: Scope,
  runtime: NetRuntime = createRuntime(),
): ReconnectingWebSocket {
  return new Reconnecting(options, scope, runtime);
}

/** Messages that were received and not taken; the connection's own queue holds the rest. */
const INBOX = { maxMessages: 1, maxBytes: 1 };

function isUsuallyWorthIt({ code, error }: { code: number; error: RoundhouseError | null }): boolean {
  return error === null ? code !== CLOSE.Normal : error.retryable;
}

class Reconnecting implements ReconnectingWebSocket {
  readonly closed: Promise<CloseReason>;
  connection: WebSocketConnection | null = null;
  connections = 0;
  readonly #options: ReconnectingOptions;
  readonly #runtime: NetRuntime;
  readonly #scope: Scope;
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #inbox: Inbox;
  readonly #waiting = new Set<() => void>();
  #state: SessionState = 'open';
  #inFlight = 0;
  #finished = 0;
  #draining: Promise<DrainReport> | undefined;
  #onIdle: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #failure: RoundhouseError | undefined;

  constructor(options: ReconnectingOptions, scope: Scope, runtime: NetRuntime) {
    resolveLimits(options.limits);
    const { maxWaiting = 1_000, stableMs = 5_000 } = options;
    if (!(maxWaiting >= 0 && stableMs >= 0)) {
      const reason = 'maxWaiting and stableMs are numbers from 0';
      throw netError('NET_OPTION_INVALID', { protocol: PROTOCOL, details: { reason } });
    }
    this.#options = { ...options, maxWaiting, stableMs };
    this.#runtime = runtime;
    this.#scope = scope.child();
    this.closed = this.#closed.promise;
    this.#inbox = new Inbox(INBOX, () => this.#onRoom?.());
    this.#scope.onEnd((reason) => this.#end({ by: 'local', error: reason }));
    void this.#run();
  }

  get state(): SessionState {
    return this.#state;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async send(message: WebSocketMessage, scope: Scope): Promise<void> {
    scope.throwIfEnded();
    if (this.#state !== 'open') throw this.#failure ?? this.#error('DRAINING');
    this.#inFlight += 1;
    try {
      await this.#send(message, scope);
    } finally {
      this.#inFlight -= 1;
      this.#finished += 1;
      if (this.#inFlight === 0) this.#onIdle?.();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WebSocketMessage, void, undefined> {
    for (;;) {
      const message = await this.#inbox.take();
      if (message === undefined) return;
      yield message;
    }
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#options.timeouts?.drainMs ?? 5_000);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    this.#end({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #send(message: WebSocketMessage, scope: Scope): Promise<void> {
    for (;;) {
      const connection = this.connection ?? (await this.#connected(scope));
      try {
        return await connection.send(message, scope);
      } catch (error) {
        const { code, sent } = error as { code?: string; sent?: string };
        // Nothing of it has left: it belongs to the next connection.
        const isTooLate = sent === 'none' && (code === 'CONNECTION_CLOSED' || code === 'DRAINING');
        if (!isTooLate || this.#failure !== undefined) throw error;
        if (this.connection === connection) this.connection = null;
      }
    }
  }

  async #connected(scope: Scope): Promise<WebSocketConnection> {
    const { maxWaiting = 0 } = this.#options;
    if (this.#waiting.size >= maxWaiting) {
      const details = { in_use: 0, waiting: this.#waiting.size };
      throw this.#error('POOL_EXHAUSTED', details);
    }
    while (this.connection === null) {
      if (this.#failure !== undefined) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      try {
        await scope.race(promise);
      } finally {
        this.#waiting.delete(resolve);
      }
    }
    return this.connection;
  }

  async #run(): Promise<void> {
    const { random } = this.#runtime;
    const { stableMs = 0, isWorthIt = isUsuallyWorthIt } = this.#options;
    const first = this.#options.backoff ?? exponentialBackoff({ initialMs: 500, maxMs: 30_000 });
    let backoff = first;
    try {
      for (;;) {
        const outcome = await this.#live();
        if (this.#state !== 'open') return;
        if (!isWorthIt(outcome)) return this.#end({ by: 'remote', ...(outcome.error && { error: outcome.error }) });
        if (outcome.stoodMs >= stableMs) backoff = first;
        const step = backoff.next(random);
        backoff = step;
        await this.#scope.sleep(step.delayMs);
      }
    } catch (error) {
      if (!isRoundhouseError(error)) reportUncaught(error);
      this.#end({ by: 'local', ...(isRoundhouseError(error) && { error }) });
    }
  }

  /** One connection, from the attempt to its end. */
  async #live(): Promise<{ code: number; error: RoundhouseError | null; stoodMs: number }> {
    const { clock } = this.#runtime;
    let connection: WebSocketConnection | undefined;
    let since = clock.monotonic();
    try {
      connection = await connectWebSocket(this.#options, this.#scope, this.#runtime);
      await this.#options.resume?.(connection, connection.scope);
      since = clock.monotonic();
      this.#use(connection);
      for await (const message of connection) await this.#deliver(message);
    } catch (error) {
      if (!isRoundhouseError(error)) reportUncaught(error);
      const stoodMs = this.connection === null ? 0 : clock.monotonic() - since;
      this.connection = null;
      connection?.abort();
      const known = isRoundhouseError(error) ? error : coreError('INTERNAL', { details: { reason: 'resume failed' } });
      return { code: CLOSE.Abnormal, error: known, stoodMs };
    }
    this.connection = null;
    const { code } = await connection.ended;
    const { error = null } = await connection.closed;
    return { code, error, stoodMs: clock.monotonic() - since };
  }

  #use(connection: WebSocketConnection): void {
    this.connection = connection;
    this.connections += 1;
    for (const go of this.#waiting) go();
  }

  async #deliver(message: WebSocketMessage): Promise<void> {
    while (this.#inbox.isFull) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onRoom = resolve;
      await this.#scope.race(promise);
    }
    this.#inbox.put(message, 1);
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#runtime;
    const startedAt = clock.monotonic();
    if (this.#state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#state = 'draining';
    const before = this.#finished;
    using own = createScope({ clock, timeoutMs });
    const leave = this.#scope.onEnd((reason) => own.end(reason));
    try {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onIdle = resolve;
      if (this.#inFlight > 0) await own.race(promise);
      const left = timeoutMs - (clock.monotonic() - startedAt);
      await this.connection?.drain({ timeoutMs: Math.max(left, 1) });
    } catch {
      // The time is over: the rest is cut.
    } finally {
      leave();
    }
    const cut = this.#inFlight;
    this.#end({ by: 'local' });
    return { finished: this.#finished - before, cut, elapsedMs: clock.monotonic() - startedAt };
  }

  #end(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    const wasDraining = this.#state === 'draining';
    this.#state = 'closed';
    const { by, error } = reason;
    this.#failure = error ?? (by === 'local' ? coreError('CANCELLED') : this.#error('CONNECTION_CLOSED'));
    this.#scope.end(this.#failure);
    const { connection } = this;
    this.connection = null;
    connection?.abort(error);
    for (const go of this.#waiting) go();
    this.#inbox.close(error ?? (wasDraining || by === 'remote' ? undefined : this.#failure));
    this.#closed.resolve(reason);
  }

  #error(code: 'DRAINING' | 'POOL_EXHAUSTED' | 'CONNECTION_CLOSED', details = {}): RoundhouseError {
    return netError(code, { protocol: PROTOCOL, phase: 'write', peer: this.#options.url, details });
  }
}
