import { type Clock, Emitter, type Unsubscribe } from '@roundhouse/core';
import type {
  Backend,
  ChangePage,
  ChangePlace,
  CommittedRows,
  DeliveryTable,
  EventTable,
  MailTable,
  RowPage,
} from '../backend.ts';
import { type Effects, evaluate } from '../evaluate.ts';
import type { EventRange } from '../eventLog.ts';
import { grant, type LeaseRow } from '../lease.ts';
import type { ChangeRow, EventRow, ResourceRow, TransactionRows } from '../rows.ts';
import { slices } from '../slices.ts';
import type { Lease } from '../store.ts';
import { WRITE_SLICE } from './budget.ts';
import type { Database } from './database.ts';
import { SqliteDeliveries } from './sqliteDeliveries.ts';
import { SqliteMailbox } from './sqliteMailbox.ts';
import { Writer } from './writer.ts';

interface State {
  readonly revision: number;
  readonly compacted: number;
  readonly lastSequence: number;
}

const STATE = 'SELECT revision, compacted, last_sequence AS lastSequence FROM state';
const RESOURCE = 'kind, id, version, created_at AS createdAt, updated_at AS updatedAt, json';

/** Over a file whose schema is there, and which this process has for itself. */
export class SqliteBackend implements Backend {
  readonly events: EventTable;
  readonly deliveries: DeliveryTable;
  readonly mailbox: MailTable;
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #emitter = new Emitter<{ advanced: undefined }>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#writer = new Writer(database);
    this.#clock = clock;
    this.events = new SqliteEvents(database, this.#writer);
    this.deliveries = new SqliteDeliveries(database, this.#writer, () => clock.now());
    this.mailbox = new SqliteMailbox(database, this.#writer, () => clock.now());
  }

  get isDurable(): boolean {
    return this.#database.isOnDisk;
  }

  async get(kind: string, id: string): Promise<ResourceRow | undefined> {
    return this.#find(kind, id);
  }

  async list(kind: string, after: string | undefined, limit: number): Promise<RowPage> {
    const rows = this.#database.all<ResourceRow>(
      `SELECT ${RESOURCE} FROM resources WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`,
      kind,
      after ?? '',
      limit,
    );
    return { rows, revision: this.#state().revision };
  }

  async commit(transaction: TransactionRows): Promise<CommittedRows> {
    const effects = await this.#writer.write(() => {
      const { revision, lastSequence } = this.#state();
      const now = this.#clock.now();
      const find = (kind: string, id: string): ResourceRow | undefined => this.#find(kind, id);
      const decided = evaluate(transaction, { revision, lastSequence, now, find });
      this.#apply(decided, transaction.events);
      return decided;
    });
    if (effects.changes.length > 0) this.#emitter.emit('advanced', undefined);
    return effects;
  }

  async changes({ revision, ordinal }: ChangePlace, limit: number): Promise<ChangePage> {
    const state = this.#state();
    const rows = this.#database.all<ResourceRow & Pick<ChangeRow, 'revision' | 'ordinal' | 'op'>>(
      `SELECT revision, ordinal, op, ${RESOURCE} FROM changes WHERE (revision, ordinal) > (?, ?)
       ORDER BY revision, ordinal LIMIT ?`,
      revision,
      ordinal,
      limit,
    );
    return {
      changes: rows.map(({ revision, ordinal, op, ...resource }) => ({ revision, ordinal, op, resource })),
      revision: state.revision,
      compacted: state.compacted,
    };
  }

  onAdvance(callback: () => void): Unsubscribe {
    return this.#emitter.on('advanced', callback);
  }

  async revision(): Promise<number> {
    return this.#state().revision;
  }

  async compact(revision: number): Promise<void> {
    // First the mark, so that no watch begins among what is being forgotten.
    const last = await this.#writer.write(() => {
      this.#database.run('UPDATE state SET compacted = max(compacted, min(?, revision))', revision);
      return this.#state().compacted;
    });
    const first = this.#database.get<{ first: number | null }>('SELECT min(revision) AS first FROM changes')?.first;
    for (const slice of slices({ first: first ?? last + 1, last }, WRITE_SLICE)) {
      await this.#writer.write(() =>
        this.#database.run('DELETE FROM changes WHERE revision BETWEEN ? AND ?', slice.first, slice.last),
      );
    }
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.#writer.write(() => {
      const kept = this.#database.get<LeaseRow>(
        'SELECT name, holder, token, expires_at AS expiresAt FROM leases WHERE name = ?',
        name,
      );
      const lease = grant(kept, { name, holder, ttlMs, now: this.#clock.now() });
      if (lease !== undefined) {
        this.#database.run(
          'INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)',
          name,
          holder,
          lease.token,
          lease.expiresAt,
        );
      }
      return lease;
    });
  }

  async release({ name, holder, token }: Lease): Promise<void> {
    await this.#writer.write(() =>
      this.#database.run(
        'UPDATE leases SET holder = NULL WHERE name = ? AND holder = ? AND token = ?',
        name,
        holder,
        token,
      ),
    );
  }

  async close(): Promise<void> {
    this.#writer.finish();
    this.#emitter.clear();
    this.#database.close();
  }

  #state(): State {
    return this.#database.get<State>(STATE) as State;
  }

  #find(kind: string, id: string): ResourceRow | undefined {
    return this.#database.get<ResourceRow>(`SELECT ${RESOURCE} FROM resources WHERE kind = ? AND id = ?`, kind, id);
  }

  #apply({ revision, lastSequence, changes }: Effects, events: readonly EventRow[]): void {
    const database = this.#database;
    for (const { ordinal, op, resource } of changes) {
      const { kind, id, version, createdAt, updatedAt, json } = resource;
      const values = [kind, id, version, createdAt, updatedAt, json] as const;
      database.run('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', revision, ordinal, op, ...values);
      if (op === 'put') {
        database.run(
          `INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE
           SET version = excluded.version, updated_at = excluded.updated_at, json = excluded.json,
               created_at = excluded.created_at`,
          ...values,
        );
      } else {
        database.run('DELETE FROM resources WHERE kind = ? AND id = ?', kind, id);
      }
    }
    for (const { sequence, at, type, subject, json } of events) {
      database.run('INSERT INTO events VALUES (?, ?, ?, ?, ?)', sequence, at, type, subject, json);
    }
    database.run('UPDATE state SET revision = ?, last_sequence = ?', revision, lastSequence);
  }
}

class SqliteEvents implements EventTable {
  readonly #database: Database;
  readonly #writer: Writer;

  constructor(database: Database, writer: Writer) {
    this.#database = database;
    this.#writer = writer;
  }

  async read(after: number, limit: number): Promise<readonly EventRow[]> {
    return this.#database.all<EventRow>(
      'SELECT sequence, at, type, subject, json FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?',
      after,
      limit,
    );
  }

  async range(): Promise<EventRange> {
    const row = this.#database.get<{ first: number | null; last: number }>(
      'SELECT (SELECT min(sequence) FROM events) AS first, last_sequence AS last FROM state',
    );
    const last = row?.last ?? 0;
    return { first: row?.first ?? last + 1, last };
  }

  async trim(upTo: number): Promise<number> {
    const { first, last } = await this.range();
    let count = 0;
    for (const slice of slices({ first, last: Math.min(upTo, last) }, WRITE_SLICE)) {
      count += await this.#writer.write(() =>
        this.#database.run('DELETE FROM events WHERE sequence BETWEEN ? AND ?', slice.first, slice.last),
      );
    }
    return count;
  }
}
