import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { NetPhase, Sent } from '../errors.ts';
import type { BegunOperation } from './session.ts';
import type { NetSpan } from './tracer.ts';

/** The session that an operation belongs to; one for all its operations. */
export interface OperationHost {
  /** The error that a caller sees, with all that is known of it. */
  failureOf(error: unknown, operation: SessionOperation): RoundhouseError;
  /** Told once of each operation. `isGivenUp`: its scope had ended before it. */
  over(operation: SessionOperation, failure: RoundhouseError | undefined, isGivenUp: boolean): void;
}

export interface SessionOperationInit {
  readonly name: string;
  readonly phase: NetPhase;
  readonly scope: Scope;
  /** Lets go of the scope of the session; undefined where the operation's own lies within it. */
  readonly leave: (() => void) | undefined;
  /** Undefined when nothing is traced. */
  readonly span: NetSpan | undefined;
  readonly traceparent: string | undefined;
  /** Monotonic time, ms. */
  readonly startedAt: number;
}

/** Work under way on a session. */
export class SessionOperation implements BegunOperation {
  readonly name: string;
  readonly phase: NetPhase;
  readonly scope: Scope;
  readonly startedAt: number;
  readonly traceparent: string | undefined;
  /** How much of the request has left. */
  hasSent: Sent = 'none';
  readonly #leave: (() => void) | undefined;
  readonly #span: NetSpan | undefined;
  readonly #host: OperationHost;
  #isOver = false;

  constructor(init: SessionOperationInit, host: OperationHost) {
    this.name = init.name;
    this.phase = init.phase;
    this.scope = init.scope;
    this.startedAt = init.startedAt;
    this.traceparent = init.traceparent;
    this.#leave = init.leave;
    this.#span = init.span;
    this.#host = host;
  }

  sent(sent: Sent): void {
    this.hasSent = sent;
  }

  end(): void {
    if (!this.#isOver) this.#over(undefined);
  }

  fail(error: unknown): RoundhouseError {
    const failure = this.#host.failureOf(error, this);
    if (!this.#isOver) this.#over(failure);
    return failure;
  }

  #over(failure: RoundhouseError | undefined): void {
    this.#isOver = true;
    const isGivenUp = failure !== undefined && this.scope.signal.aborted;
    this.#leave?.();
    this.scope.end(failure);
    this.#span?.end(failure?.code);
    this.#host.over(this, failure, isGivenUp);
  }
}
