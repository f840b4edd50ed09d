import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { Session } from '@roundhouse/tn3270';
import { sessionsError } from '../errors.ts';
import type { Events } from '../event/events.ts';
import type { NavigationScript } from '../navigation/script.ts';
import { runNavigation } from '../navigation/run.ts';
import type { SecretSource } from '../navigation/secret.ts';
import type { Operation } from '../operation/operation.ts';
import type { Connector, Destination } from '../session/connector.ts';
import type { SessionEntry } from '../session/entry.ts';
import type { Line } from '../session/line.ts';
import { restoreScreen, type Snapshot, takeSnapshot } from '../snapshot/snapshot.ts';

/** How long a move waits for the answer to an AID that is out, ms. */
const PARK_TIMEOUT_MS = 2_000;

/** A place on the screen, rows and columns from 1. */
interface FieldPlace {
  readonly row: number;
  readonly column: number;
}

export interface MigrationPlan {
  readonly destination: Destination;
  /** Leads the new session to the screen of the old one; undefined: the caller logs on again. */
  readonly script: NavigationScript | undefined;
  /** Fields that have to hold the same on the target. */
  readonly fields: readonly FieldPlace[];
  readonly timeoutMs: number;
}

export interface MigrationDependencies {
  readonly connector: Connector;
  readonly events: Events;
  readonly secrets: SecretSource;
}

/**
 * Moves a session to another host: snapshot, connect and negotiate there, navigate, verify, switch, close the source.
 * Whatever fails before the switch leaves the session on its source as it was. An AID that the source has not answered
 * is never sent again: it is counted as indeterminate and told as an event. The operation says how it went.
 */
export async function migrate(
  entry: SessionEntry,
  operation: Operation,
  plan: MigrationPlan,
  { connector, events, secrets }: MigrationDependencies,
): Promise<void> {
  const { timeoutMs } = plan;
  using scope = entry.scope.child({ what: `The move of session ${entry.id}`, timeoutMs });
  const source = entry.line?.session;
  const notReady = (): RoundhouseError => sessionsError('SESSION_NOT_READY', { details: { session_id: entry.id } });
  // Whoever loses its source is looked after by the failover, or ends: two that move it would each give it a line.
  const leaveSource = source?.on('closed', () => scope.end(notReady()));
  let line: Line | undefined;
  try {
    operation.move('in_progress');
    if (source === undefined || source.connectionState === 'not-connected') throw notReady();
    await park(entry, source, scope);
    const snapshot = takeSnapshot(source, { clock: scope.clock, hidden: 'kept' });
    operation.move('snapshot_created');
    operation.move('reconnecting');
    const connection = { profile: entry.profile, destination: plan.destination, until: 'screen', timeoutMs } as const;
    line = await connector.connect(connection, entry.scope, scope);
    operation.endpoint = line.target.endpoint;
    if (plan.script === undefined) operation.relogged = true;
    else await runNavigation(line.session, plan.script, { secrets, scope });
    scope.throwIfEnded();
    if (entry.hasEnded) throw notReady();
    verify(entry, line, plan, snapshot);
    operation.move('state_restored');
    switchOver(entry, operation, line, events);
    operation.move('completed');
  } catch (error) {
    line?.destroy();
    entry.endMove();
    operation.rolledBack = entry.line !== undefined && entry.line.session.connectionState !== 'not-connected';
    operation.fail(asTimeout(error, entry, timeoutMs));
  } finally {
    leaveSource?.();
  }
}

/** Waits for the host's answer to what is out, for a while. */
async function park(entry: SessionEntry, source: Session, scope: Scope): Promise<void> {
  if (!entry.awaitsHost) return;
  using parking = scope.child({ timeoutMs: PARK_TIMEOUT_MS });
  await source.waitFor({ for: 'unlocked' }, parking).catch(() => scope.throwIfEnded());
}

function verify(entry: SessionEntry, line: Line, { fields, script }: MigrationPlan, snapshot: Snapshot): void {
  const endpoint = line.target.endpoint ?? line.target.host;
  const refuse = (difference: string): Error =>
    sessionsError('MIGRATION_SCREEN_DIFFERS', { details: { session_id: entry.id, endpoint, difference } });
  const { screen } = line.session;
  if (line.session.connectionState === 'not-connected') throw refuse('the connection has ended');
  if (script === undefined) return;
  if (screen.rows !== snapshot.rows || screen.columns !== snapshot.columns) {
    throw refuse(`it has ${screen.rows} × ${screen.columns} cells, not ${snapshot.rows} × ${snapshot.columns}`);
  }
  const before = restoreScreen(snapshot);
  for (const { row, column } of fields) {
    const address = (row - 1) * screen.columns + column - 1;
    if (address >= screen.size) throw refuse(`there is no row ${row}, column ${column}`);
    if (fieldCodes(before, address) !== fieldCodes(screen, address)) {
      throw refuse(`the field at row ${row}, column ${column} holds something else`);
    }
  }
}

/** What a field holds, for comparison only: it may be hidden. NUL and blank are the same to a person. */
function fieldCodes(screen: Session['screen'], address: number): string {
  const field = screen.fieldAt(address);
  const length = field < 0 ? screen.columns : screen.fieldLength(field);
  const start = field < 0 ? address - (address % screen.columns) : screen.next(field);
  const codes = Array.from({ length }, (_, offset) => {
    const code = (screen.cells[(start + offset) % screen.size] as number) & 0xff;
    return code === 0 ? 0x40 : code;
  });
  return String.fromCharCode(...codes).replace(/@+$/, '');
}

function switchOver(entry: SessionEntry, operation: Operation, line: Line, events: Events): void {
  const from = entry.target;
  noteIndeterminate(entry, operation, events);
  entry.endMove();
  const source = entry.switchTo(line);
  events.publish('session.migrated', entry.id, {
    operation_id: operation.id,
    from: from?.endpoint ?? `${from?.host}:${from?.port}`,
    to: line.target.endpoint ?? `${line.target.host}:${line.target.port}`,
    relogged: operation.relogged,
  });
  void source?.close();
}

/** An AID that is out when its host goes away: nobody knows whether it took effect. */
export function noteIndeterminate(entry: SessionEntry, operation: Operation, events: Events): void {
  if (!entry.awaitsHost) return;
  operation.indeterminateInputs = 1;
  events.publish('session.input_indeterminate', entry.id, {
    operation_id: operation.id,
    endpoint: entry.target?.endpoint ?? null,
  });
}

function asTimeout(error: unknown, entry: SessionEntry, timeoutMs: number): unknown {
  if (!isRoundhouseError(error) || error.code !== 'DEADLINE_EXCEEDED') return error;
  return sessionsError('MIGRATION_TIMEOUT', { details: { session_id: entry.id, timeout_ms: timeoutMs }, cause: error });
}
