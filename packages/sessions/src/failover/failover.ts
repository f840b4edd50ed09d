import type { Bulkhead } from '@roundhouse/resilience';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import { sessionsError } from '../errors.ts';
import type { Events } from '../event/events.ts';
import { noteIndeterminate } from '../migration/migration.ts';
import type { NavigationScript } from '../navigation/script.ts';
import { runNavigation } from '../navigation/run.ts';
import type { SecretSource } from '../navigation/secret.ts';
import type { OperationLog } from '../operation/log.ts';
import type { Connector, Destination } from '../session/connector.ts';
import type { SessionEntry } from '../session/entry.ts';
import type { Line } from '../session/line.ts';
import { peerOf } from '../session/target.ts';

/** How a group treats sessions whose host is lost. */
export interface FailoverPolicy {
  readonly enabled: boolean;
  /** For one session, ms; waiting for its turn included. */
  readonly timeoutMs: number;
  readonly script: NavigationScript | undefined;
  /** The group and those behind it, without the endpoint that is lost. */
  readonly destination: Destination;
  /** Sessions of the group that are moved at a time. */
  readonly turns: Bulkhead;
}

export interface FailoverDependencies {
  readonly connector: Connector;
  readonly events: Events;
  readonly operations: OperationLog;
  readonly secrets: SecretSource;
  /** What is to be done for a session that has lost `line`; undefined when it has no group. */
  readonly policyOf: (entry: SessionEntry, line: Line) => FailoverPolicy | undefined;
  /** Whether the endpoint of a line still answers. A host that hangs up and answers has logged the user off. */
  readonly answers: (line: Line, scope: Scope) => Promise<boolean>;
  readonly end: (entry: SessionEntry, error: RoundhouseError | undefined) => void;
}

/** Gives sessions that lost their host another one: in parallel within bounds, each told as an operation. */
export class Failover {
  readonly #deps: FailoverDependencies;

  constructor(deps: FailoverDependencies) {
    this.#deps = deps;
  }

  /** A line ended. True when the session is looked after: it gets another host, or ends a little later. */
  lost(entry: SessionEntry, line: Line, error: RoundhouseError | undefined): boolean {
    const policy = this.#deps.policyOf(entry, line);
    if (policy === undefined || !policy.enabled) return false;
    void this.#decide(entry, line, error, policy);
    return true;
  }

  async #decide(
    entry: SessionEntry,
    line: Line,
    error: RoundhouseError | undefined,
    policy: FailoverPolicy,
  ): Promise<void> {
    const isGoodbye = error === undefined || error.code === 'HOST_CLOSED';
    const hasLoggedOff = isGoodbye && (await this.#deps.answers(line, entry.scope));
    // It may have ended meanwhile, or gone over to another line.
    if (entry.hasEnded || entry.line !== line) return;
    if (hasLoggedOff) this.#deps.end(entry, error);
    else await this.#replace(entry, line, error, policy);
  }

  async #replace(
    entry: SessionEntry,
    lost: Line,
    cause: RoundhouseError | undefined,
    policy: FailoverPolicy,
  ): Promise<void> {
    const { connector, events, operations, secrets } = this.#deps;
    const { timeoutMs, script, destination, turns } = policy;
    const operation = operations.begin('failover', entry.id);
    const from = lost.target.endpoint;
    events.publish('session.host_lost', entry.id, {
      operation_id: operation.id,
      endpoint: from,
      code: cause?.code ?? 'HOST_CLOSED',
    });
    noteIndeterminate(entry, operation, events);
    entry.detach();
    operation.move('in_progress');
    using scope = entry.scope.child({ what: `The failover of session ${entry.id}`, timeoutMs });
    try {
      await turns.run(async () => {
        operation.move('reconnecting');
        const connection = { profile: entry.profile, destination, until: 'screen', timeoutMs } as const;
        const line = await connector.connect(connection, entry.scope, scope);
        try {
          operation.endpoint = line.target.endpoint;
          if (script === undefined) operation.relogged = true;
          else await runNavigation(line.session, script, { secrets, scope });
          entry.attach(line);
        } catch (error) {
          line.destroy();
          throw error;
        }
      }, scope);
      operation.move('state_restored');
      operation.move('completed');
      events.publish('session.replaced', entry.id, {
        operation_id: operation.id,
        from,
        to: operation.endpoint,
        relogged: operation.relogged,
      });
    } catch (error) {
      operation.fail(error);
      if (entry.hasEnded) return;
      const details = { peer: peerOf(lost.target), session_id: entry.id };
      this.#deps.end(entry, sessionsError('HOST_LOST', { details, cause: error }));
    }
  }
}
