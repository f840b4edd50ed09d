import {
  lazyObject,
  type EventRecord,
  HEALTH_STATUSES,
  OPERATION_KINDS,
  OPERATION_STATUSES,
  SESSION_STATES,
} from '@roundhouse/api';
import { z } from 'zod';
import { code, count, definition, type EventDefinition, type EventRows } from './definition.ts';
import { TYPE_PREFIX } from './record.ts';
import { WORKER_EVENTS } from './workerEvents.ts';

const nullableId = z.string().nullable();

const place = {
  endpoint: nullableId,
  host: z.string().optional(),
  port: z.int().optional(),
};

const sessionMove = lazyObject(() => ({ from: z.enum(SESSION_STATES), code: code.optional(), ...place }));

const operationMove = lazyObject(() => ({
  kind: z.enum(OPERATION_KINDS),
  session_id: nullableId,
  endpoint: nullableId,
  code: code.optional(),
  rolled_back: z.boolean().nullable().optional(),
}));

const pool = { size: count, ready: count, opening: count, leased: count };

const resource = lazyObject(() => ({
  by: z.string().optional().meta({ description: 'Principal that asked for it.' }),
  changed: z.array(z.string()).optional().meta({ description: 'Fields that are others now; not what they hold.' }),
  group: nullableId.optional().meta({ description: 'Of an endpoint.' }),
}));

const address = z.string().nullable();

const login = lazyObject(() => ({
  method: z.string().meta({ examples: ['basic', 'bearer', 'api_key', 'ldap', 'mtls'] }),
  principal: nullableId.meta({ description: 'Who somebody said to be; null where that can not be told.' }),
  address,
  code,
}));

const lockOut = lazyObject(() => ({ principal: nullableId, address }));

const limit = lazyObject(() => ({
  used: z.number().nullable(),
  capacity: z.number().nullable().meta({ description: 'Null without a bound.' }),
}));

const ruleStatus = z.enum(['pass', 'fail', 'waived', 'not_applicable', 'unknown']);

const ruleMove = lazyObject(() => ({
  profile: z.string(),
  title: z.string().meta({ description: 'What is so when the rule passes.' }),
  severity: z.string(),
  from: ruleStatus.nullable().meta({ description: 'Null when it was evaluated for the first time.' }),
  to: ruleStatus,
}));

const mail = lazyObject(() => ({
  from: z.string().meta({ description: 'Of the envelope; empty for a report about a delivery.' }),
  to: z.array(z.string()).meta({ description: 'Of the envelope.' }),
  header_from: z.string().nullable().meta({ description: 'As the message claims.' }),
  subject: z.string().nullable(),
  message_id: z.string().nullable(),
  bytes: count,
  address: z.string().meta({ description: 'Who sent it here.' }),
  tls: z.boolean(),
  file: z
    .string()
    .nullable()
    .meta({ description: 'What its file in the Maildir begins with; null where there is none.' }),
}));

const nothing = lazyObject(() => ({}));

const SESSION: EventRows = {
  created: definition(
    'session',
    'A session was asked for.',
    lazyObject(() => ({ group: nullableId, ...place })),
  ),
  resumed: definition('session', 'A suspended session goes on.', sessionMove),
  host_lost: definition(
    'session',
    'A session lost its host and looks for another.',
    lazyObject(() => ({ operation_id: z.string(), endpoint: nullableId, code })),
    'warning',
  ),
  replaced: definition(
    'session',
    'A session that lost its host has another.',
    lazyObject(() => ({
      operation_id: z.string(),
      from: nullableId,
      to: nullableId,
      relogged: z.boolean().nullable(),
    })),
  ),
  migrated: definition(
    'session',
    'A session was moved to another host.',
    lazyObject(() => ({
      operation_id: z.string(),
      from: z.string(),
      to: z.string(),
      relogged: z.boolean().nullable(),
    })),
  ),
  input_indeterminate: definition(
    'session',
    'A host was left before it answered: whether an input took effect is not known.',
    lazyObject(() => ({ operation_id: z.string(), endpoint: nullableId })),
    'warning',
  ),
  takeover_offered: definition('session', 'A session may be taken over at a terminal.', nothing),
  taken_over: definition('session', 'A session was taken over at a terminal.', nothing),
  ...Object.fromEntries(
    SESSION_STATES.map((state) => [
      state,
      state === 'error'
        ? definition('session', 'A session has failed.', sessionMove, 'error')
        : definition('session', `A session is ${state}.`, sessionMove),
    ]),
  ),
};

const OPERATION: EventRows = Object.fromEntries(
  OPERATION_STATUSES.map((status) => [
    status,
    definition(
      'operation',
      `An operation is ${status.replace('_', ' ')}.`,
      operationMove,
      status === 'failed' ? 'error' : 'info',
    ),
  ]),
);

const RESOURCE_KINDS = ['endpoint', 'endpoint_group', 'worker', 'webhook', 'principal', 'role', 'api_key'] as const;

function resourceRows(kind: string): EventRows {
  const name = kind.replace('_', ' ');
  return {
    created: definition(kind, `A resource of kind ${name} was created.`, resource),
    changed: definition(kind, `A resource of kind ${name} was changed.`, resource),
    removed: definition(kind, `A resource of kind ${name} was removed.`, resource),
  };
}

const ENDPOINT: EventRows = {
  health_changed: definition(
    'endpoint',
    'The health of an endpoint is another.',
    lazyObject(() => ({
      from: z.enum(HEALTH_STATUSES),
      to: z.enum(HEALTH_STATUSES),
      reason: z.string(),
      group: nullableId,
    })),
    'warning',
  ),
};

const WEBHOOK: EventRows = {
  test: definition('webhook', 'A message that somebody asked for to try a webhook out.', nothing),
  disabled: definition(
    'webhook',
    'A webhook gets no more messages, because its receiver said so or failed for too long.',
    lazyObject(() => ({ reason: z.enum(['gone', 'failing']), failing_since: z.iso.datetime().nullable() })),
    'error',
  ),
  delivery_failed: definition(
    'webhook',
    'A message was given up after its last attempt: it is a dead letter.',
    lazyObject(() => ({
      delivery_id: z.int(),
      message_id: z.string(),
      type: z.string(),
      attempts: count,
      code,
      status: z.int().nullable(),
    })),
    'error',
  ),
  events_missed: definition(
    'webhook',
    'Events were forgotten before a webhook that lags behind could take them.',
    lazyObject(() => ({ from: z.int(), to: z.int(), count })),
    'error',
  ),
};

const OTHERS: EventRows = {
  'pool.filled': definition(
    'group',
    'A warm pool is full.',
    lazyObject(() => pool),
  ),
  'pool.failing': definition(
    'group',
    'A warm pool gets no sessions ready.',
    lazyObject(() => ({ code, ...pool })),
    'warning',
  ),
  'configuration.reloaded': definition(
    'configuration',
    'Another configuration is in force.',
    lazyObject(() => ({ changes: count, action: z.string().nullable() })),
  ),
  'configuration.rejected': definition(
    'configuration',
    'A configuration was not taken: the one before stays.',
    lazyObject(() => ({ code, reason: z.string() })),
    'warning',
  ),
  'configuration.rolled_back': definition(
    'configuration',
    'A configuration was given up, because endpoints lost their health under it: the one before is back.',
    lazyObject(() => ({ healthy_share: z.number() })),
    'error',
  ),
  'certificate.replaced': definition(
    'listener',
    'A listener has another certificate.',
    lazyObject(() => ({ fingerprint: z.string(), expires_at: z.iso.datetime() })),
  ),
  'certificate.refused': definition(
    'listener',
    'A new certificate is no good: the one before stays.',
    lazyObject(() => ({ code, reason: z.string() })),
    'error',
  ),
  'certificate.expiring': definition(
    'listener',
    'A certificate ends soon, or has ended.',
    lazyObject(() => ({ days: count, expires_at: z.iso.datetime() })),
    'warning',
  ),
  'terminal.logged_off': definition(
    'terminal',
    'A terminal that nobody used was disconnected from the front door.',
    lazyObject(() => ({ address: z.string(), session_id: nullableId, idle_ms: count, code })),
  ),
  'mail.received': definition('mail', 'A message was received, and kept where that is wanted.', mail),
  'compliance.violated': definition('rule', 'A compliance rule is violated.', ruleMove, 'error'),
  'compliance.restored': definition('rule', 'A compliance rule that was violated is so no more.', ruleMove),
  'authentication.failed': definition('principal', 'Somebody could not prove to be who they said.', login, 'warning'),
  'authentication.locked_out': definition('principal', 'A principal or address is locked out.', lockOut, 'error'),
  'limit.near': definition('limit', 'Little is left of a limit.', limit, 'warning'),
  'limit.reached': definition('limit', 'A limit is reached: more is refused.', limit, 'error'),
  'limit.recovered': definition('limit', 'A limit is far off again.', limit),
  'events.lost': definition(
    'events',
    'Events were lost here, because the store took none for too long.',
    lazyObject(() => ({ count })),
    'error',
  ),
  'events.gap': definition(
    'events',
    'Only on a stream: events that were asked for are no longer kept.',
    lazyObject(() => ({ from: z.int(), to: z.int(), count })),
    'warning',
  ),
};

/** Every type of event that there is, without the prefix `roundhouse.`. Data may carry `labels` besides. */
export const EVENT_CATALOGUE: EventRows = {
  ...prefixed('session', SESSION),
  ...prefixed('operation', OPERATION),
  ...Object.assign({}, ...RESOURCE_KINDS.map((kind) => prefixed(kind, resourceRows(kind)))),
  ...prefixed('endpoint', ENDPOINT),
  ...prefixed('worker', WORKER_EVENTS),
  ...prefixed('webhook', WEBHOOK),
  ...OTHERS,
};

function prefixed(prefix: string, rows: EventRows): EventRows {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [`${prefix}.${name}`, row]));
}

/** What the catalogue says of a type, with or without its prefix. */
export function eventDefinition(type: string): EventDefinition | undefined {
  const name = type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : type;
  return Object.hasOwn(EVENT_CATALOGUE, name) ? EVENT_CATALOGUE[name] : undefined;
}

/** Why an event is not as the catalogue says; undefined when it is. */
export function eventFault({ type, data }: EventRecord): string | undefined {
  const row = eventDefinition(type);
  if (row === undefined) return `${type} is not in the catalogue`;
  const { labels: _labels, ...facts } = data;
  const { success, error } = row.data.safeParse(facts);
  return success ? undefined : `${type}: ${z.prettifyError(error)}`;
}
