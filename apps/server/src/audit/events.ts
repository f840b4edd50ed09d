import type { AuditEntry, AuditJournal } from '@roundhouse/audit';
import type { EventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { TYPE_PREFIX } from '../event/record.ts';
import { SERVER_CODES, type ServerAuditCode } from './codes.ts';

type Outcome = AuditEntry['outcome'];

/** By type of event, without the prefix: how it is recorded; null for what is told to a watcher and is no fact here. */
export const EVENT_AUDIT: Readonly<
  Record<string, { readonly code: ServerAuditCode; readonly outcome: Outcome } | null>
> = {
  ...as('RHA-1101', ['session.created']),
  ...as('RHA-1112', ['session.initializing']),
  ...as('RHA-1102', ['session.connected']),
  ...as('RHA-1113', ['session.active']),
  ...as('RHA-1114', ['session.idle']),
  ...as('RHA-1103', ['session.suspended']),
  ...as('RHA-1104', ['session.resumed']),
  ...as('RHA-1105', ['session.closed']),
  ...as('RHA-1106', ['session.error'], 'failure'),
  ...as('RHA-1107', ['session.host_lost'], 'failure'),
  ...as('RHA-1108', ['session.replaced']),
  ...as('RHA-1109', ['session.migrated']),
  ...as('RHA-1110', ['session.input_indeterminate'], 'unknown'),
  ...as('RHA-1007', ['session.takeover_offered']),
  ...as('RHA-1111', ['session.taken_over']),
  ...as('RHA-1115', ['terminal.logged_off']),
  ...as('RHA-1120', ['operation.pending'], 'pending'),
  ...as(
    'RHA-1121',
    ['operation.in_progress', 'operation.snapshot_created', 'operation.reconnecting', 'operation.state_restored'],
    'pending',
  ),
  ...as('RHA-1122', ['operation.completed']),
  ...as('RHA-1123', ['operation.failed'], 'failure'),
  ...as(
    'RHA-3101',
    ['endpoint', 'endpoint_group', 'worker', 'webhook', 'principal', 'role', 'api_key'].flatMap((kind) =>
      ['created', 'changed', 'removed'].map((fact) => `${kind}.${fact}`),
    ),
  ),
  ...as('RHA-6001', ['endpoint.health_changed']),
  ...as('RHA-2101', [
    'worker.starting',
    'worker.started',
    'worker.ready',
    'worker.unready',
    'worker.stopping',
    'worker.stopped',
    'worker.restarting',
    'worker.unknown',
    'worker.noticed',
    'worker.log_matched',
  ]),
  ...as('RHA-2102', ['worker.exited']),
  ...as('RHA-2103', ['worker.failed'], 'failure'),
  ...as('RHA-2104', ['worker.adopted']),
  ...as('RHA-2105', ['worker.limit_warning']),
  ...as('RHA-2106', ['worker.limit_exceeded'], 'failure'),
  ...as('RHA-2107', ['worker.limit_recovered']),
  ...as('RHA-2108', ['worker.out_of_memory'], 'failure'),
  ...as('RHA-2109', ['worker.probe_passed']),
  ...as('RHA-2109', ['worker.probe_failed'], 'failure'),
  ...as('RHA-3010', ['webhook.test']),
  ...as('RHA-6004', ['webhook.disabled'], 'failure'),
  ...as('RHA-6005', ['webhook.delivery_failed'], 'failure'),
  ...as('RHA-6006', ['webhook.events_missed', 'events.lost'], 'failure'),
  ...as('RHA-6008', ['mail.received']),
  ...as('RHA-6007', ['pool.filled']),
  ...as('RHA-6007', ['pool.failing'], 'failure'),
  ...as('RHA-3102', ['configuration.reloaded']),
  ...as('RHA-3103', ['configuration.rejected'], 'failure'),
  ...as('RHA-3104', ['configuration.rolled_back'], 'failure'),
  ...as('RHA-4005', ['certificate.replaced']),
  ...as('RHA-4006', ['certificate.refused'], 'failure'),
  ...as('RHA-4007', ['certificate.expiring']),
  ...as('RHA-4009', ['compliance.violated'], 'failure'),
  ...as('RHA-4010', ['compliance.restored']),
  ...as('RHA-4001', ['authentication.failed'], 'failure'),
  ...as('RHA-4002', ['authentication.locked_out'], 'denied'),
  ...as('RHA-6002', ['limit.near', 'limit.reached']),
  ...as('RHA-6003', ['limit.recovered']),
  'events.gap': null,
};

function as(code: ServerAuditCode, types: readonly string[], outcome: Outcome = 'success') {
  return Object.fromEntries(types.map((type) => [type, { code, outcome }]));
}

/** What an event is in the audit; undefined for one that is no fact of this server. */
export function auditOfEvent(event: JournalEvent): AuditEntry | undefined {
  const type = event.type.slice(TYPE_PREFIX.length);
  const row = EVENT_AUDIT[type];
  if (row === undefined || row === null) return undefined;
  const { class: auditClass, action } = SERVER_CODES[row.code];
  const { data, subject } = event;
  const kind = type.slice(0, type.indexOf('.'));
  const { by, principal, session_id, address, host, code } = data as Readonly<Record<string, unknown>>;
  const session = kind === 'session' ? subject : session_id;
  return {
    class: auditClass,
    action,
    code: row.code,
    phase: 'fact',
    outcome: row.outcome,
    actor: actorOf(by ?? principal),
    resource: { kind, id: subject },
    details: { event: event.id, type, ...data },
    ...(typeof session === 'string' && { session_id: session }),
    ...(typeof host === 'string' && { host }),
    ...(typeof address === 'string' && { source: { address } }),
    ...(typeof code === 'string' && { reason: code }),
    ...(event.traceparent !== undefined && { trace_id: event.traceparent.slice(3, 35) }),
  };
}

/** Events say who asked, and not by what they proved it: that is in the record of the request. */
function actorOf(principal: unknown): AuditEntry['actor'] {
  return typeof principal === 'string'
    ? { type: 'principal', id: principal, authentication: 'none' }
    : { type: 'system', id: 'roundhouse', authentication: 'local' };
}

/** Records what is told of, from now on. */
export function recordEvents(journal: Pick<EventJournal, 'watch'>, trail: Pick<AuditJournal, 'record'>): void {
  journal.watch((event) => {
    const entry = auditOfEvent(event);
    if (entry !== undefined) trail.record(entry);
  });
}
