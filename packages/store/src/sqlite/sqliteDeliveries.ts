import type { SQLInputValue } from 'node:sqlite';
import type { DeliveryTable, ReplayFilter } from '../backend.ts';
import type { DeliveryCounts, DeliveryFilter, DeliveryQuery } from '../deliveryLog.ts';
import type { AttemptRow, DeliveryRow, NewDeliveryRow, OutcomeRow } from '../rows.ts';
import { type Span, slices, slicesDown, turn } from '../slices.ts';
import { READ_SLICE, WRITE_SLICE } from './budget.ts';
import type { Database } from './database.ts';
import type { Writer } from './writer.ts';

const COLUMNS = `id, receiver, message_id AS messageId, order_key AS orderKey, type, json, status, attempts,
  created_at AS createdAt, next_attempt_at AS nextAttemptAt, last_error AS lastError`;

/** The parts of a filter that are not set hold for every row. `length` and `substr` count characters alike. */
const FITS = `(?3 IS NULL OR receiver = ?3) AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR created_at >= ?5)
  AND (?6 IS NULL OR created_at < ?6) AND (?7 IS NULL OR substr(type, 1, length(?7)) = ?7)`;

export class SqliteDeliveries implements DeliveryTable {
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #now: () => number;

  constructor(database: Database, writer: Writer, now: () => number) {
    this.#database = database;
    this.#writer = writer;
    this.#now = now;
  }

  async cursor(receiver: string): Promise<number | undefined> {
    return this.#database.get<{ sequence: number }>('SELECT sequence FROM cursors WHERE receiver = ?', receiver)
      ?.sequence;
  }

  enqueue(
    deliveries: readonly NewDeliveryRow[],
    cursors: ReadonlyMap<string, number>,
  ): Promise<readonly DeliveryRow[]> {
    const database = this.#database;
    return this.#writer.write(() => {
      for (const [receiver, sequence] of cursors) {
        database.run(
          `INSERT INTO cursors VALUES (?, ?)
           ON CONFLICT (receiver) DO UPDATE SET sequence = max(sequence, excluded.sequence)`,
          receiver,
          sequence,
        );
      }
      if (deliveries.length === 0) return [];
      const state = database.get<{ last: number }>(
        'UPDATE state SET last_delivery = last_delivery + ? RETURNING last_delivery AS last',
        deliveries.length,
      );
      const first = (state?.last ?? 0) - deliveries.length + 1;
      const createdAt = this.#now();
      return deliveries.map((delivery, index) => {
        const { receiver, messageId, orderKey, type, json, nextAttemptAt } = delivery;
        database.run(
          `INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, NULL)`,
          first + index,
          receiver,
          messageId,
          orderKey,
          type,
          json,
          createdAt,
          nextAttemptAt,
        );
        return { ...delivery, id: first + index, status: 'pending', attempts: 0, createdAt, lastError: null };
      });
    });
  }

  async due(receiver: string, now: number, limit: number): Promise<readonly DeliveryRow[]> {
    // Without this, a receiver of whom nothing is due would have all that is pending looked through.
    const next = await this.nextDueAt(receiver);
    if (next === null || next > now) return [];
    return this.#database.all(
      `SELECT ${COLUMNS} FROM deliveries INDEXED BY deliveries_due
       WHERE receiver = ? AND status = 'pending' AND next_attempt_at <= ? ORDER BY id LIMIT ?`,
      receiver,
      now,
      limit,
    );
  }

  async nextDueAt(receiver: string): Promise<number | null> {
    const row = this.#database.get<{ at: number | null }>(
      `SELECT min(next_attempt_at) AS at FROM deliveries INDEXED BY deliveries_next
       WHERE receiver = ? AND status = 'pending'`,
      receiver,
    );
    return row?.at ?? null;
  }

  record(outcomes: readonly OutcomeRow[]): Promise<void> {
    const database = this.#database;
    return this.#writer.write(() => {
      for (const { attempt, status, nextAttemptAt } of outcomes) {
        const { delivery, at, elapsedMs, error, json } = attempt;
        const isThere = database.run(
          `UPDATE deliveries SET status = ?, attempts = attempts + 1, next_attempt_at = ?, last_error = ? WHERE id = ?`,
          status,
          nextAttemptAt,
          error,
          delivery,
        );
        if (isThere === 0) continue;
        database.run(
          'INSERT INTO attempts (delivery, at, elapsed_ms, status, error, json) VALUES (?, ?, ?, ?, ?, ?)',
          delivery,
          at,
          elapsedMs,
          attempt.status,
          error,
          json,
        );
      }
    });
  }

  async get(id: number): Promise<DeliveryRow | undefined> {
    return this.#database.get(`SELECT ${COLUMNS} FROM deliveries WHERE id = ?`, id);
  }

  async attempts(id: number): Promise<readonly AttemptRow[]> {
    return this.#database.all(
      `SELECT delivery, at, elapsed_ms AS elapsedMs, status, error, json FROM attempts
       WHERE delivery = ? ORDER BY number`,
      id,
    );
  }

  async list({ before = Number.MAX_SAFE_INTEGER, limit, ...filter }: DeliveryQuery): Promise<readonly DeliveryRow[]> {
    const { first, last } = this.#span();
    const found: DeliveryRow[] = [];
    for (const slice of slicesDown({ first, last: Math.min(last, before - 1) }, READ_SLICE)) {
      const rows = this.#database.all<DeliveryRow>(
        `SELECT ${COLUMNS} FROM deliveries WHERE id BETWEEN ?1 AND ?2 AND ${FITS} ORDER BY id DESC LIMIT ?8`,
        slice.first,
        slice.last,
        ...values(filter),
        limit - found.length,
      );
      found.push(...rows);
      if (found.length === limit) break;
      await turn();
    }
    return found;
  }

  async counts(receiver: string): Promise<DeliveryCounts> {
    const pending = this.#database.get<{ count: number }>(
      `SELECT count(*) AS count FROM deliveries WHERE receiver = ? AND status = 'pending'`,
      receiver,
    );
    const dead = this.#database.get<{ count: number; oldest: number | null }>(
      `SELECT count(*) AS count, min(created_at) AS oldest FROM deliveries WHERE receiver = ? AND status = 'dead'`,
      receiver,
    );
    return { pending: pending?.count ?? 0, dead: dead?.count ?? 0, oldestDeadAt: dead?.oldest ?? null };
  }

  replay({ id, ...filter }: ReplayFilter, now: number): Promise<number> {
    const span = id === undefined ? this.#span() : { first: id, last: id };
    return this.#writeSlices(span, (slice) =>
      this.#database.run(
        `UPDATE deliveries SET status = 'pending', attempts = 0, next_attempt_at = ?8, last_error = NULL
         WHERE id BETWEEN ?1 AND ?2 AND status <> 'pending' AND ${FITS}`,
        slice.first,
        slice.last,
        ...values(filter),
        now,
      ),
    );
  }

  purge(before: number): Promise<number> {
    return this.#writeSlices(this.#span(), (slice) =>
      this.#database.run(
        `DELETE FROM deliveries WHERE id BETWEEN ? AND ? AND status <> 'pending' AND created_at < ?`,
        slice.first,
        slice.last,
        before,
      ),
    );
  }

  async forget(receiver: string): Promise<void> {
    await this.#writeSlices(this.#span(), (slice) => this.#forgetSlice(receiver, slice));
    // The cursor goes last, with what has come meanwhile: while it is there, the receiver is not forgotten.
    await this.#writer.write(() => {
      this.#forgetSlice(receiver, this.#span());
      this.#database.run('DELETE FROM cursors WHERE receiver = ?', receiver);
    });
  }

  #forgetSlice(receiver: string, { first, last }: Span): number {
    return this.#database.run(
      'DELETE FROM deliveries WHERE receiver = ? AND id BETWEEN ? AND ?',
      receiver,
      first,
      last,
    );
  }

  /** From the oldest delivery to the newest; empty without any. */
  #span(): Span {
    const span = this.#database.get<{ first: number | null; last: number | null }>(
      'SELECT (SELECT min(id) FROM deliveries) AS first, (SELECT max(id) FROM deliveries) AS last',
    );
    return { first: span?.first ?? 1, last: span?.last ?? 0 };
  }

  async #writeSlices(span: Span, work: (slice: Span) => number): Promise<number> {
    let count = 0;
    for (const slice of slices(span, WRITE_SLICE)) count += await this.#writer.write(() => work(slice));
    return count;
  }
}

/** For the parameters of `FITS`, in their order. */
function values({ receiver, status, since, until, type }: DeliveryFilter): SQLInputValue[] {
  return [receiver ?? null, status ?? null, since ?? null, until ?? null, type ?? null];
}
