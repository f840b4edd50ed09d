import type pg from 'pg';
import type { DeliveryTable, ReplayFilter } from '../backend.ts';
import type { DeliveryCounts, DeliveryFilter, DeliveryQuery } from '../deliveryLog.ts';
import type { AttemptRow, DeliveryRow, NewDeliveryRow, OutcomeRow } from '../rows.ts';
import { type Span, slices } from '../slices.ts';
import { columns } from './columns.ts';
import { change, query } from './connection.ts';
import { type Batch, oneByOne, type Session, type Writer } from './writer.ts';

/** How many numbers one transaction takes when many rows are changed: other writers get in between. */
const SLICE = 5_000;

const COLUMNS = `id, receiver, message_id AS "messageId", order_key AS "orderKey", type, json, status, attempts,
  created_at AS "createdAt", next_attempt_at AS "nextAttemptAt", last_error AS "lastError"`;

interface Enqueued {
  readonly deliveries: readonly NewDeliveryRow[];
  readonly cursors: ReadonlyMap<string, number>;
}

interface Statement {
  readonly text: string;
  readonly values: ReadonlyArray<string | number>;
}

export class PostgresDeliveries implements DeliveryTable {
  readonly #pool: pg.Pool;
  readonly #writer: Writer;

  constructor(pool: pg.Pool, writer: Writer) {
    this.#pool = pool;
    this.#writer = writer;
  }

  async cursor(receiver: string): Promise<number | undefined> {
    const [row] = await query<{ sequence: number }>(this.#pool, 'SELECT sequence FROM cursors WHERE receiver = $1', [
      receiver,
    ]);
    return row?.sequence;
  }

  enqueue(
    deliveries: readonly NewDeliveryRow[],
    cursors: ReadonlyMap<string, number>,
  ): Promise<readonly DeliveryRow[]> {
    return this.#writer.write(enqueueAll, { deliveries, cursors });
  }

  due(receiver: string, now: number, limit: number): Promise<readonly DeliveryRow[]> {
    return query(
      this.#pool,
      `SELECT ${COLUMNS} FROM deliveries WHERE receiver = $1 AND status = 'pending' AND next_attempt_at <= $2
       ORDER BY id LIMIT $3`,
      [receiver, now, limit],
    );
  }

  async nextDueAt(receiver: string): Promise<number | null> {
    const [row] = await query<{ at: number | null }>(
      this.#pool,
      `SELECT min(next_attempt_at) AS at FROM deliveries WHERE receiver = $1 AND status = 'pending'`,
      [receiver],
    );
    return row?.at ?? null;
  }

  record(outcomes: readonly OutcomeRow[]): Promise<void> {
    return this.#writer.write(recordAll, outcomes);
  }

  async get(id: number): Promise<DeliveryRow | undefined> {
    return (await query<DeliveryRow>(this.#pool, `SELECT ${COLUMNS} FROM deliveries WHERE id = $1`, [id]))[0];
  }

  attempts(id: number): Promise<readonly AttemptRow[]> {
    return query(
      this.#pool,
      `SELECT delivery, at, elapsed_ms AS "elapsedMs", status, error, json FROM attempts
       WHERE delivery = $1 ORDER BY number`,
      [id],
    );
  }

  list({ before = Number.MAX_SAFE_INTEGER, limit, ...filter }: DeliveryQuery): Promise<readonly DeliveryRow[]> {
    const { text, values } = where(filter, [before, limit]);
    return query(
      this.#pool,
      `SELECT ${COLUMNS} FROM deliveries WHERE id < $1 ${text} ORDER BY id DESC LIMIT $2`,
      values,
    );
  }

  async counts(receiver: string): Promise<DeliveryCounts> {
    const [row] = await query<DeliveryCounts>(
      this.#pool,
      `SELECT (SELECT count(*) FROM deliveries WHERE receiver = $1 AND status = 'pending') AS pending,
         count(*) AS dead, min(created_at) AS "oldestDeadAt"
       FROM deliveries WHERE receiver = $1 AND status = 'dead'`,
      [receiver],
    );
    return row ?? { pending: 0, dead: 0, oldestDeadAt: null };
  }

  async replay({ id, ...filter }: ReplayFilter, now: number): Promise<number> {
    const span = id === undefined ? await this.#span() : { first: id, last: id };
    return this.#changeSlices(span, (slice) => {
      const { text, values } = where(filter, [slice.first, slice.last, now]);
      return {
        text: `UPDATE deliveries SET status = 'pending', attempts = 0, next_attempt_at = $3, last_error = NULL
               WHERE id BETWEEN $1 AND $2 AND status <> 'pending' ${text}`,
        values,
      };
    });
  }

  async purge(before: number): Promise<number> {
    return this.#changeSlices(await this.#span(), ({ first, last }) => ({
      text: `DELETE FROM deliveries WHERE id BETWEEN $1 AND $2 AND status <> 'pending' AND created_at < $3`,
      values: [first, last, before],
    }));
  }

  async forget(receiver: string): Promise<void> {
    const { first, last } = await this.#span();
    await this.#changeSlices({ first, last }, (slice) => ({
      text: 'DELETE FROM deliveries WHERE receiver = $1 AND id BETWEEN $2 AND $3',
      values: [receiver, slice.first, slice.last],
    }));
    // The cursor goes last, with what has come meanwhile: while it is there, the receiver is not forgotten.
    await this.#writer.write(forgetRest, { receiver, after: last });
  }

  /** From the oldest delivery to the newest; empty without any. */
  async #span(): Promise<Span> {
    const [span] = await query<{ first: number | null; last: number | null }>(
      this.#pool,
      'SELECT min(id) AS first, max(id) AS last FROM deliveries',
    );
    return { first: span?.first ?? 1, last: span?.last ?? 0 };
  }

  async #changeSlices(span: Span, statement: (slice: Span) => Statement): Promise<number> {
    let count = 0;
    for (const slice of slices(span, SLICE)) count += await this.#writer.write(changeEach, statement(slice));
    return count;
  }
}

const changeEach: Batch<Statement, number> = oneByOne(({ client }, { text, values }) => change(client, text, values));

const forgetRest = oneByOne(
  async ({ client }: Session, { receiver, after }: { readonly receiver: string; readonly after: number }) => {
    await change(client, 'DELETE FROM deliveries WHERE receiver = $1 AND id > $2', [receiver, after]);
    await change(client, 'DELETE FROM cursors WHERE receiver = $1', [receiver]);
  },
);

const enqueueAll: Batch<Enqueued, readonly DeliveryRow[]> = async (session, inputs) => {
  const cursors = inputs.flatMap((input) => [...input.cursors]);
  if (cursors.length > 0) {
    await change(
      session.client,
      `INSERT INTO cursors SELECT receiver, max(sequence) FROM unnest($1::text[], $2::bigint[]) AS u (receiver, sequence)
       GROUP BY receiver
       ON CONFLICT (receiver) DO UPDATE SET sequence = greatest(cursors.sequence, excluded.sequence)`,
      columns(
        cursors,
        ([receiver]) => receiver,
        ([, sequence]) => sequence,
      ),
    );
  }
  const made = inputs.map(({ deliveries }) => deliveries.map((delivery) => newRow(session, delivery)));
  const rows = made.flat();
  if (rows.length > 0) {
    await change(
      session.client,
      `INSERT INTO deliveries SELECT id, receiver, message_id, order_key, type, json, 'pending', 0, created_at, next, NULL
       FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::double precision[],
         $8::double precision[])
         AS u (id, receiver, message_id, order_key, type, json, created_at, next)`,
      columns(
        rows,
        ({ id }) => id,
        ({ receiver }) => receiver,
        ({ messageId }) => messageId,
        ({ orderKey }) => orderKey,
        ({ type }) => type,
        ({ json }) => json,
        ({ createdAt }) => createdAt,
        ({ nextAttemptAt }) => nextAttemptAt,
      ),
    );
  }
  return made.map((value) => ({ value }));
};

function newRow(session: Session, delivery: NewDeliveryRow): DeliveryRow {
  const id = ++session.lastDelivery;
  return { ...delivery, id, status: 'pending', attempts: 0, createdAt: session.now, lastError: null };
}

const recordAll: Batch<readonly OutcomeRow[], void> = async ({ client }, inputs) => {
  const outcomes = inputs.flat();
  if (outcomes.length > 0) {
    await change(
      client,
      `INSERT INTO attempts (delivery, at, elapsed_ms, status, error, json)
       SELECT u.delivery, u.at, u.elapsed_ms, u.status, u.error, u.json
       FROM unnest($1::bigint[], $2::double precision[], $3::double precision[], $4::integer[], $5::text[], $6::text[])
         WITH ORDINALITY AS u (delivery, at, elapsed_ms, status, error, json, number)
       JOIN deliveries d ON d.id = u.delivery ORDER BY u.number`,
      columns(
        outcomes,
        ({ attempt }) => attempt.delivery,
        ({ attempt }) => attempt.at,
        ({ attempt }) => attempt.elapsedMs,
        ({ attempt }) => attempt.status,
        ({ attempt }) => attempt.error,
        ({ attempt }) => attempt.json,
      ),
    );
    // An UPDATE takes each row once: of several outcomes of one delivery the last holds, and all of them count.
    const last = [...Map.groupBy(outcomes, ({ attempt }) => attempt.delivery).values()];
    await change(
      client,
      `UPDATE deliveries d SET status = u.status, attempts = d.attempts + u.made, next_attempt_at = u.next,
         last_error = u.error
       FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::double precision[], $5::text[])
         AS u (id, status, made, next, error)
       WHERE d.id = u.id`,
      columns(
        last.map((group) => ({ ...(group.at(-1) as OutcomeRow), made: group.length })),
        ({ attempt }) => attempt.delivery,
        ({ status }) => status,
        ({ made }) => made,
        ({ nextAttemptAt }) => nextAttemptAt,
        ({ attempt }) => attempt.error,
      ),
    );
  }
  return inputs.map(() => ({ value: undefined }));
};

/** Conditions for the parts of a filter that are set, with their values behind those that are there. */
function where(
  { receiver, status, since, until, type }: DeliveryFilter,
  given: ReadonlyArray<string | number>,
): Statement {
  const values = [...given];
  const conditions: string[] = [];
  const add = (value: string | number | undefined, condition: (parameter: string) => string): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`AND ${condition(`$${values.length}`)}`);
  };
  add(receiver, (parameter) => `receiver = ${parameter}`);
  add(status, (parameter) => `status = ${parameter}`);
  add(since, (parameter) => `created_at >= ${parameter}`);
  add(until, (parameter) => `created_at < ${parameter}`);
  add(type, (parameter) => `starts_with(type, ${parameter})`);
  return { text: conditions.join(' '), values };
}
