import {
  coreError,
  createScope,
  isRoundhouseError,
  Machine,
  type RoundhouseError,
  reportUncaught,
  type Scope,
} from '@roundhouse/core';
import { NetError, netError, type NetPhase, ofProtocol } from '../errors.ts';
import type { TlsInfo } from '../tls.ts';
import type { NetFact, Role } from './observer.ts';
import type { NetRuntime } from './runtime.ts';
import {
  type BegunOperation,
  type CloseReason,
  type DrainOptions,
  type DrainReport,
  type Operation,
  type Session,
  SESSION_TRANSITIONS,
  type SessionState,
} from './session.ts';
import { type OperationHost, SessionOperation } from './sessionOperation.ts';
import type { Timeouts } from './timeouts.ts';
import { type NetSpan, noNetTracer } from './tracer.ts';

export interface SessionCoreInit {
  readonly protocol: string;
  readonly role: Role;
  readonly peer: string;
  readonly tls: TlsInfo | null;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  /** How long it took to make, ms. */
  readonly openedInMs: number;
  /** Frees the connection at once. */
  readonly destroy: (reason?: RoundhouseError) => void;
  /** Told when it begins to drain, before what is under way is waited for. */
  readonly onDraining?: () => void;
  /**
   * The polite end, when nothing is under way; default: `destroy`. It may take the rest of the time of the drain, and is
   * not waited for any longer.
   */
  readonly goodBye?: (scope: Scope) => Promise<void>;
  /**
   * Whether one operation at a time owns the whole connection. One that is given up in the middle then leaves the
   * connection in a state that nobody knows, and takes it along.
   */
  readonly isExclusive: boolean;
}

export interface OperationOptions {
  /** Default: `requestMs` of the timeouts; Infinity for one that lasts until its scope ends. */
  readonly timeoutMs?: number;
  /** Default `request`. */
  readonly phase?: NetPhase;
  /** For its span. */
  readonly traceparent?: string | undefined;
  /** The peer sent it before it could know that the session drains: it is taken then too. */
  readonly isAccepted?: boolean;
}

/**
 * What every session does alike: its states, work under way, time limits, drain, and what is told of it. A protocol has
 * one, runs each operation through it and tells it when the connection is lost.
 */
export class SessionCore implements Session {
  readonly protocol: string;
  readonly peer: string;
  readonly tls: TlsInfo | null;
  readonly closed: Promise<CloseReason>;
  readonly scope: Scope;
  readonly #init: SessionCoreInit;
  readonly #machine = new Machine<SessionState>('session', SESSION_TRANSITIONS, 'open');
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #openedAt: number;
  #inFlight = 0;
  #finished = 0;
  #draining: Promise<DrainReport> | undefined;
  /** The good-bye has been said: an end of the peer is the answer to it. */
  #isLeaving = false;
  /** Called when nothing is under way any more. */
  #onIdle: (() => void) | undefined;
  readonly #host: OperationHost = {
    failureOf: (error, operation) => this.#failureOf(error, operation),
    over: (operation, failure, isGivenUp) => this.#over(operation, failure, isGivenUp),
  };

  constructor(init: SessionCoreInit) {
    const { protocol, role, peer, tls, runtime } = init;
    this.#init = init;
    this.protocol = protocol;
    this.peer = peer;
    this.tls = tls;
    this.closed = this.#closed.promise;
    this.scope = createScope({ clock: runtime.clock });
    this.#openedAt = runtime.clock.monotonic();
    this.#observe({ type: 'connectionOpened', elapsedMs: init.openedInMs, protocol, role, peer });
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Runs an operation: refused with DRAINING or CONNECTION_CLOSED when the session is not open; otherwise it settles as
   * `run` does. The end of its time is a TIMEOUT, that of the session the error of the session.
   */
  async operate<T>(
    name: string,
    scope: Scope,
    run: (operation: Operation) => Promise<T>,
    options: OperationOptions = {},
  ): Promise<T> {
    const operation = this.begin(name, scope, options);
    let result: T;
    try {
      result = await run(operation);
    } catch (error) {
      throw operation.fail(error);
    }
    operation.end();
    return result;
  }

  /** As `operate`, for an operation whose end is an event: whoever begins it ends it, by `end` or `fail`. */
  begin(name: string, scope: Scope, options: OperationOptions = {}): BegunOperation {
    const { phase = 'request', timeoutMs = this.#init.timeouts.requestMs, isAccepted = false } = options;
    scope.throwIfEnded();
    if (!(isAccepted && this.state === 'draining')) this.#demandOpen(phase);
    const { protocol, role, peer, runtime } = this.#init;
    const startedAt = runtime.clock.monotonic();
    const span = this.#span(name, options.traceparent);
    this.#inFlight += 1;
    this.#observe({ type: 'operationStarted', operation: name, protocol, role, peer });
    const own = scope.child({ what: `${protocol} ${name}`, timeoutMs });
    const leave = scope === this.scope ? undefined : this.scope.onEnd((reason) => own.end(reason));
    const traceparent = span === undefined ? options.traceparent : span.traceparent;
    return new SessionOperation({ name, phase, scope: own, leave, span, traceparent, startedAt }, this.#host);
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#init.timeouts.drainMs);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    this.#end({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  /** The connection is over: the peer ended it, or it broke. */
  lost(error?: RoundhouseError): void {
    const isAnswer = this.#isLeaving && error === undefined;
    this.#end({ by: isAnswer ? 'local' : 'remote', ...(error !== undefined && { error }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#init.runtime;
    const startedAt = clock.monotonic();
    if (this.state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#machine.move('draining');
    this.#init.onDraining?.();
    const before = this.#finished;
    using own = this.scope.child({ what: 'Draining', timeoutMs });
    try {
      await this.#idle(own);
      this.#isLeaving = true;
      if (this.#init.goodBye !== undefined) await own.race(this.#init.goodBye(own));
    } catch (error) {
      // The time is over, the connection is lost, or the peer does not answer the good-bye: it is cut below.
      if (!isRoundhouseError(error)) reportUncaught(error);
    }
    const cut = this.#inFlight;
    this.#end({ by: 'local' });
    return { finished: this.#finished - before, cut, elapsedMs: clock.monotonic() - startedAt };
  }

  #idle(scope: Scope): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    return scope.race(promise);
  }

  #end(reason: CloseReason): void {
    if (this.state === 'closed') return;
    this.#machine.move('closed');
    const { by, error } = reason;
    const { protocol, role, peer, runtime } = this.#init;
    this.#observe({
      type: 'connectionClosed',
      code: error?.code ?? null,
      openMs: runtime.clock.monotonic() - this.#openedAt,
      protocol,
      role,
      peer,
    });
    const forWork =
      error ?? (by === 'local' ? coreError('CANCELLED') : netError('CONNECTION_CLOSED', { peer, protocol }));
    this.scope.end(forWork);
    try {
      this.#init.destroy(error);
    } catch (failure) {
      reportUncaught(failure);
    }
    this.#closed.resolve(reason);
  }

  #demandOpen(phase: NetPhase): void {
    const { peer, protocol, state } = this;
    if (state === 'open') return;
    throw netError(state === 'draining' ? 'DRAINING' : 'CONNECTION_CLOSED', { phase, peer, protocol });
  }

  /** The error that a caller sees, with all that is known of it. */
  #failureOf(error: unknown, { scope, phase, hasSent: sent }: SessionOperation): RoundhouseError {
    const { peer, protocol } = this;
    if (!isRoundhouseError(error)) {
      const reason = `${protocol} failed: ${error instanceof Error ? error.message : String(error)}`;
      return coreError('INTERNAL', { details: { reason, peer, protocol, phase }, cause: error });
    }
    if (error.code === 'DEADLINE_EXCEEDED' && scope.signal.aborted) {
      const details = { timeout_ms: error.details['timeout_ms'] };
      return netError('TIMEOUT', { phase, peer, protocol, sent, details, cause: error });
    }
    return ofProtocol(error, protocol);
  }

  #over(operation: SessionOperation, failure: RoundhouseError | undefined, isGivenUp: boolean): void {
    const { protocol, role, peer, runtime, isExclusive } = this.#init;
    this.#inFlight -= 1;
    this.#finished += 1;
    this.#observe({
      type: 'operationEnded',
      operation: operation.name,
      code: failure?.code ?? null,
      phase: failure instanceof NetError ? failure.phase : null,
      sent: operation.hasSent,
      elapsedMs: runtime.clock.monotonic() - operation.startedAt,
      protocol,
      role,
      peer,
    });
    if (isGivenUp && isExclusive && operation.hasSent !== 'none') this.abort(failure);
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  #span(operation: string, traceparent: string | undefined): NetSpan | undefined {
    const { protocol, peer, runtime } = this.#init;
    if (runtime.tracer === noNetTracer) return undefined;
    return runtime.tracer.start(`net.${protocol}.${operation}`, { 'network.peer.address': peer }, traceparent);
  }

  #observe(fact: NetFact): void {
    try {
      this.#init.runtime.observer.observe(fact);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
