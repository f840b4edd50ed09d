import type { RoundhouseError, Scope, Transitions } from '@roundhouse/core';
import type { Sent } from '../errors.ts';
import type { TlsInfo } from '../tls.ts';

export type SessionState =
  | 'open'
  /** What is under way is finished, nothing new begins. */
  | 'draining'
  | 'closed';

export const SESSION_TRANSITIONS = {
  open: ['draining', 'closed'],
  draining: ['closed'],
  closed: [],
} as const satisfies Transitions<SessionState>;

/** Why a session is over; without an error it was meant, here or there. */
export interface CloseReason {
  readonly by: 'local' | 'remote';
  readonly error?: RoundhouseError;
}

/** What became of the work that was under way. */
export interface DrainReport {
  readonly finished: number;
  /** Cut because the time was over. */
  readonly cut: number;
  readonly elapsedMs: number;
}

export interface DrainOptions {
  /** Default: `drainMs` of the timeouts. */
  readonly timeoutMs?: number;
}

/** What has a life and ends well: a connection to a peer, a pool of them, a server. */
export interface Drainable extends AsyncDisposable {
  readonly state: SessionState;
  /** Resolves when it is over; never rejects. */
  readonly closed: Promise<CloseReason>;
  /** Work under way. */
  readonly inFlight: number;
  /** Finishes what is under way, refuses what is new with DRAINING, then closes. Idempotent; never rejects. */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Ends it at once: what is under way rejects with the reason (CANCELLED without one). Idempotent. */
  abort(reason?: RoundhouseError): void;
}

/** A connection to a peer, of whatever protocol. `await using` drains it. */
export interface Session extends Drainable {
  readonly protocol: string;
  /** `host:port` of the other side. */
  readonly peer: string;
  readonly tls: TlsInfo | null;
  /** Ends when the session does. What the session does on its own belongs to it. */
  readonly scope: Scope;
}

/** What an operation has and tells. */
export interface Operation {
  /** Ends with the caller's scope, with the session, and at the operation's own time. */
  readonly scope: Scope;
  readonly traceparent: string | undefined;
  /** Says how much of the request has left, for the error if there is one. Before the first call: `none`. */
  sent(sent: Sent): void;
}

/** An operation that is ended by whoever began it. */
export interface BegunOperation extends Operation {
  /** Monotonic time of its begin, ms. */
  readonly startedAt: number;
  /** It is done. Idempotent, and nothing after `fail`. */
  end(): void;
  /** It has failed. Returns the error as a caller is to see it. Idempotent. */
  fail(error: unknown): RoundhouseError;
}
