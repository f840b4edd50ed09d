import { createScope, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  CoreSession,
  NetError,
  netError,
  type NetPhase,
  type NetRuntime,
  type Sent,
  SessionCore,
  type Timeouts,
} from '@roundhouse/net';
import { type Bulkhead, createBulkhead } from '@roundhouse/resilience';
import type { LineConnection } from './lineConnection.ts';

/** Calls that may wait for the connection, which has one conversation at a time. */
const MAX_WAITING = 1_000;

export interface LineSessionInit {
  readonly connection: LineConnection;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly openedInMs: number;
  /** Takes leave of the peer, in the words of the protocol. */
  readonly sayGoodBye: (scope: Scope) => Promise<void>;
  /** Whether an answer is owed: then nobody knows what the next one belongs to, and the connection is of no more use. */
  readonly isOwed: () => boolean;
}

/** What an operation on the connection has and tells. */
export interface LineOperation {
  readonly scope: Scope;
  /** Says how much of the request has left. Before the first call: `none`. */
  sent(sent: Sent): void;
}

/** The client's side of a conversation in lines: a Session whose operations take turns. */
export abstract class LineSession extends CoreSession {
  readonly #init: LineSessionInit;
  readonly #turns: Bulkhead;

  constructor(init: LineSessionInit) {
    const { connection, runtime, timeouts, openedInMs, sayGoodBye } = init;
    const { transport, protocol, peer } = connection;
    super(
      new SessionCore({
        protocol,
        role: 'client',
        peer,
        tls: transport.tls,
        runtime,
        timeouts,
        openedInMs,
        isExclusive: true,
        destroy: (reason) => transport.destroy(reason),
        goodBye: async (scope) => {
          connection.phase = 'close';
          // What comes of it is this side's doing.
          connection.events = {};
          await sayGoodBye(scope);
          await scope.race(transport.close());
        },
      }),
    );
    this.#init = init;
    this.#turns = createBulkhead({ limit: 1, maxWaiting: MAX_WAITING, what: `Calls on the connection to ${peer}` });
    connection.events = {
      closed: (error) => this.core.lost(error),
      // Whoever waits for an answer reads first what came before the end.
      ended: () => void (this.core.inFlight === 0 && this.core.lost()),
    };
    if (connection.reader.isOver) this.core.lost();
  }

  /**
   * Runs an operation when its turn has come. Each of its waits has a time of its own. Should it end while an answer is
   * owed, the connection goes with it.
   */
  protected operate<T>(
    name: string,
    given: Scope | undefined,
    run: (operation: LineOperation) => Promise<T>,
  ): Promise<T> {
    const scope = given ?? createScope({ clock: this.#init.runtime.clock });
    return this.core.operate(
      name,
      scope,
      async (operation) => {
        using _turn = await this.#turns.enter(operation.scope);
        this.#init.connection.phase = 'request';
        let sent: Sent = 'none';
        const tell = (now: Sent): void => {
          sent = now;
          operation.sent(now);
        };
        try {
          return await run({ scope: operation.scope, sent: tell });
        } catch (error) {
          const failure = withSent(error, sent);
          if (this.#init.isOwed()) this.core.abort(isRoundhouseError(failure) ? failure : undefined);
          throw failure;
        } finally {
          if (this.#init.connection.reader.isOver) this.core.lost();
        }
      },
      { timeoutMs: Infinity },
    );
  }

  /** The peer has said that it ends the session. */
  protected lost(error: RoundhouseError): void {
    this.core.lost(error);
  }
}

const ENDS: readonly string[] = ['CONNECTION_LOST', 'CONNECTION_CLOSED', 'TIMEOUT', 'WRITE_OVERFLOW'];

/**
 * An error of the connection, with how much of the request had left. A peer that ends the connection instead of
 * answering has broken it: another attempt may help.
 */
export function withSent(error: unknown, sent: Sent, phase?: NetPhase): unknown {
  if (!(error instanceof NetError) || !ENDS.includes(error.code)) return error;
  const { peer, protocol } = error;
  const place = {
    ...(peer !== null && { peer }),
    ...(protocol !== null && { protocol }),
    phase: phase ?? error.phase ?? 'request',
    sent,
  };
  if (error.code === 'CONNECTION_CLOSED') {
    const details = { reason: 'the other side ended it instead of answering' };
    return netError('CONNECTION_LOST', { ...place, details, cause: error });
  }
  if (error.sent === sent && error.protocol !== null) return error;
  const code = error.code as 'CONNECTION_LOST' | 'TIMEOUT' | 'WRITE_OVERFLOW';
  return netError(code, { ...place, details: error.details, cause: error });
}
