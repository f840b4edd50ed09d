import type { DeliveryTable } from './backend.ts';
import * as check from './check.ts';
import type { AttemptOutcome, DeliveryFilter, DeliveryLog, DeliveryStatus, NewDelivery } from './deliveryLog.ts';
import type { Gate } from './gate.ts';
import { type NewDeliveryRow, type OutcomeRow, toAttempt, toDelivery } from './rows.ts';

const MAX_PAGE = 1_000;
const MAX_BATCH = 10_000;
const STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'dead'];

export function checkedDeliveries(table: DeliveryTable, gate: Gate): DeliveryLog {
  return {
    cursor: (receiver) => gate.enter(() => table.cursor(check.text('receiver', receiver))),
    enqueue: (deliveries, cursors) =>
      gate.enter(async () => {
        const rows = check.list('deliveries', deliveries, MAX_BATCH).map(newDeliveryRow);
        const places = Object.entries(cursors).map(
          ([receiver, sequence]) => [check.text('receiver', receiver), check.whole('cursor', sequence, 0)] as const,
        );
        return (await table.enqueue(rows, new Map(places))).map(toDelivery);
      }),
    due: (receiver, now, limit) =>
      gate.enter(async () => {
        check.text('receiver', receiver);
        check.milliseconds('now', now);
        return (await table.due(receiver, now, check.whole('limit', limit, 1, MAX_PAGE))).map(toDelivery);
      }),
    nextDueAt: (receiver) => gate.enter(() => table.nextDueAt(check.text('receiver', receiver))),
    record: (outcomes) => gate.enter(() => table.record(check.list('outcomes', outcomes, MAX_BATCH).map(outcomeRow))),
    get: (id) =>
      gate.enter(async () => {
        const row = await table.get(check.whole('id', id, 1));
        return row === undefined ? undefined : toDelivery(row);
      }),
    attempts: (id) => gate.enter(async () => (await table.attempts(check.whole('id', id, 1))).map(toAttempt)),
    list: (query) =>
      gate.enter(async () => {
        if (query.before !== undefined) check.whole('before', query.before, 1);
        check.whole('limit', query.limit, 1, MAX_PAGE);
        return (
          await table.list({ ...filter(query), before: query.before ?? Number.MAX_SAFE_INTEGER, limit: query.limit })
        ).map(toDelivery);
      }),
    counts: (receiver) => gate.enter(() => table.counts(check.text('receiver', receiver))),
    replay: (wanted, now) =>
      gate.enter(() => {
        if (wanted.id !== undefined) check.whole('id', wanted.id, 1);
        check.milliseconds('now', now);
        return table.replay({ ...filter(wanted), ...(wanted.id !== undefined && { id: wanted.id }) }, now);
      }),
    purge: (before) => gate.enter(() => table.purge(check.milliseconds('before', before))),
    forget: (receiver) => gate.enter(() => table.forget(check.text('receiver', receiver))),
  };
}

function newDeliveryRow({ receiver, messageId, orderKey, type, body, nextAttemptAt }: NewDelivery): NewDeliveryRow {
  return {
    receiver: check.text('receiver', receiver),
    messageId: check.text('messageId', messageId),
    orderKey: orderKey === null ? null : check.text('orderKey', orderKey),
    type: check.text('type', type),
    json: check.json('body', body),
    nextAttemptAt: check.milliseconds('nextAttemptAt', nextAttemptAt),
  };
}

function outcomeRow({ attempt, status, nextAttemptAt }: AttemptOutcome): OutcomeRow {
  check.oneOf('status', status, STATUSES);
  const isPending = status === 'pending';
  return {
    status,
    nextAttemptAt: isPending ? check.milliseconds('nextAttemptAt', nextAttemptAt ?? Number.NaN) : null,
    attempt: {
      delivery: check.whole('delivery', attempt.delivery, 1),
      at: check.milliseconds('at', attempt.at),
      elapsedMs: check.milliseconds('elapsedMs', attempt.elapsedMs),
      status: attempt.status === null ? null : check.whole('status', attempt.status, 0, 999),
      error: attempt.error === null ? null : check.text('error', attempt.error),
      json: check.json('facts', attempt.facts),
    },
  };
}

/** The parts of a filter that are set, checked; nothing else of the object. */
function filter({ receiver, status, since, until, type }: DeliveryFilter): DeliveryFilter {
  return {
    ...(receiver !== undefined && { receiver: check.text('receiver', receiver) }),
    ...(status !== undefined && { status: check.oneOf('status', status, STATUSES) }),
    ...(since !== undefined && { since: check.milliseconds('since', since) }),
    ...(until !== undefined && { until: check.milliseconds('until', until) }),
    ...(type !== undefined && { type: check.text('type', type, 0) }),
  };
}
