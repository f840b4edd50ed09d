import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { Decision, Lease } from '@roundhouse/traffic';
import type { Session } from '@roundhouse/tn3270';
import type { SessionTarget } from './target.ts';

/** How long a goodbye to a host may take, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Where a session is, and by what right. */
export interface Place {
  readonly target: SessionTarget;
  /** Its share of the endpoint; undefined for an address that a caller named. */
  readonly lease?: Lease<SessionTarget> | undefined;
  /** Why it is there, as it was decided. */
  readonly decision?: PlacementDecision | undefined;
}

export interface PlacementDecision extends Decision {
  readonly group: string;
}

/**
 * A session on one host, with the place that it holds there. A gateway session has one at a time; migration and failover
 * give it another.
 */
export class Line {
  readonly session: Session;
  readonly target: SessionTarget;
  readonly lease: Lease<SessionTarget> | undefined;
  readonly decision: PlacementDecision | undefined;
  readonly #scope: Scope;
  #isClosing = false;
  #isReleased = false;

  /** `scope` is the life of the session: it ends with this line. */
  constructor(session: Session, { target, lease, decision }: Place, scope: Scope) {
    this.session = session;
    this.target = target;
    this.lease = lease;
    this.decision = decision;
    this.#scope = scope;
    session.on('lockChanged', ({ locked }) => {
      const { lastResponseMs } = session.statistics;
      if (!locked && lastResponseMs !== null) lease?.succeeded(lastResponseMs);
    });
    session.on('closed', ({ error }) => {
      // A host that hangs up has logged the user off as often as it has failed: its probe tells.
      if (error !== undefined && error.code !== 'HOST_CLOSED') lease?.failed(error.code);
      // Whoever closes says goodbye first: the scope would cut it short.
      if (this.#isClosing) lease?.release();
      else this.#release();
    });
  }

  /** Says goodbye to the host, or cuts the connection when that takes too long. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true;
    using goodbye = this.#scope.child({ what: 'The goodbye', timeoutMs: CLOSE_TIMEOUT_MS });
    try {
      await goodbye.race(this.session.close());
    } catch {
      this.session.destroy();
    } finally {
      this.#release();
    }
  }

  /** Cuts the connection. Idempotent. */
  destroy(reason?: RoundhouseError): void {
    this.session.destroy(reason);
    this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.lease?.release();
    this.#scope.end();
  }
}
