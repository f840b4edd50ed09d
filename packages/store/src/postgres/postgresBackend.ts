import { Emitter, type Secret, type Unsubscribe } from '@roundhouse/core';
import type pg from 'pg';
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
import type { EventRange } from '../eventLog.ts';
import { grant, type LeaseRow } from '../lease.ts';
import type { ChangeRow, EventRow, ResourceRow, TransactionRows } from '../rows.ts';
import { slices } from '../slices.ts';
import type { Lease } from '../store.ts';
import { commitAll, RESOURCE } from './commit.ts';
import { change, query } from './connection.ts';
import { Listener, type ListenerDeps } from './listener.ts';
import { PostgresDeliveries } from './postgresDeliveries.ts';
import { PostgresMailbox } from './postgresMailbox.ts';
import { oneByOne, type Session, Writer } from './writer.ts';

/** How many events, or revisions, one transaction forgets. */
const SLICE = 5_000;

/** Over a database whose schema is there; any number of processes may share it. */
export class PostgresBackend implements Backend {
  readonly isDurable = true;
  readonly events: EventTable;
  readonly deliveries: DeliveryTable;
  readonly mailbox: MailTable;
  readonly #pool: pg.Pool;
  readonly #writer: Writer;
  readonly #listener: Listener;
  readonly #emitter = new Emitter<{ advanced: undefined }>();

  constructor(pool: pg.Pool, url: Secret, deps: Omit<ListenerDeps, 'onAdvance'>) {
    const onAdvance = (): void => this.#emitter.emit('advanced', undefined);
    this.#pool = pool;
    this.#writer = new Writer(pool, onAdvance);
    this.#listener = new Listener(url, { ...deps, onAdvance });
    this.events = new PostgresEvents(pool, this.#writer);
    this.deliveries = new PostgresDeliveries(pool, this.#writer);
    this.mailbox = new PostgresMailbox(pool, this.#writer);
  }

  /** Begins to hear of what other processes commit. */
  start(): Promise<void> {
    return this.#listener.start();
  }

  async get(kind: string, id: string): Promise<ResourceRow | undefined> {
    const rows = await query<ResourceRow>(this.#pool, `SELECT ${RESOURCE} FROM resources WHERE kind = $1 AND id = $2`, [
      kind,
      id,
    ]);
    return rows[0];
  }

  async list(kind: string, after: string | undefined, limit: number): Promise<RowPage> {
    // One statement sees one state of the store. Without resources there is one row, of nulls but for the revision.
    const found = await query<ResourceRow & { readonly at: number }>(
      this.#pool,
      `SELECT state.revision AS at, page.* FROM state LEFT JOIN
         (SELECT ${RESOURCE} FROM resources WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3) AS page ON true
       ORDER BY page.id`,
      [kind, after ?? '', limit],
    );
    return {
      revision: found[0]?.at ?? 0,
      rows: found.filter(({ id }) => id !== null).map(resourceOf),
    };
  }

  commit(transaction: TransactionRows): Promise<CommittedRows> {
    return this.#writer.write(commitAll, transaction);
  }

  async changes({ revision, ordinal }: ChangePlace, limit: number): Promise<ChangePage> {
    type Found = ResourceRow & ChangeRow & { readonly at: number; readonly compacted: number };
    const found = await query<Found>(
      this.#pool,
      `SELECT state.revision AS at, state.compacted, page.* FROM state LEFT JOIN
         (SELECT revision, ordinal, op, ${RESOURCE} FROM changes WHERE (revision, ordinal) > ($1, $2)
          ORDER BY revision, ordinal LIMIT $3) AS page ON true
       ORDER BY page.revision, page.ordinal`,
      [revision, ordinal, limit],
    );
    return {
      revision: found[0]?.at ?? 0,
      compacted: found[0]?.compacted ?? 0,
      changes: found
        .filter(({ op }) => op !== null)
        .map((row) => ({ revision: row.revision, ordinal: row.ordinal, op: row.op, resource: resourceOf(row) })),
    };
  }

  onAdvance(callback: () => void): Unsubscribe {
    return this.#emitter.on('advanced', callback);
  }

  async revision(): Promise<number> {
    return (await query<{ revision: number }>(this.#pool, 'SELECT revision FROM state'))[0]?.revision ?? 0;
  }

  async compact(revision: number): Promise<void> {
    // First the mark, so that no watch begins among what is being forgotten.
    const last = await this.#writer.write(markCompacted, revision);
    const [oldest] = await query<{ first: number | null }>(this.#pool, 'SELECT min(revision) AS first FROM changes');
    for (const slice of slices({ first: oldest?.first ?? last + 1, last }, SLICE)) {
      await change(this.#pool, 'DELETE FROM changes WHERE revision BETWEEN $1 AND $2', [slice.first, slice.last]);
    }
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.#writer.write(acquire, { name, holder, ttlMs });
  }

  release(lease: Lease): Promise<void> {
    return this.#writer.write(release, lease);
  }

  async close(): Promise<void> {
    await this.#writer.finish();
    this.#emitter.clear();
    await this.#listener.close();
    await this.#pool.end();
  }
}

/** The resource of a row that holds more. */
function resourceOf({ kind, id, version, createdAt, updatedAt, json }: ResourceRow): ResourceRow {
  return { kind, id, version, createdAt, updatedAt, json };
}

class PostgresEvents implements EventTable {
  readonly #pool: pg.Pool;
  readonly #writer: Writer;

  constructor(pool: pg.Pool, writer: Writer) {
    this.#pool = pool;
    this.#writer = writer;
  }

  read(after: number, limit: number): Promise<readonly EventRow[]> {
    return query(
      this.#pool,
      'SELECT sequence, at, type, subject, json FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2',
      [after, limit],
    );
  }

  async range(): Promise<EventRange> {
    const [row] = await query<EventRange>(
      this.#pool,
      `SELECT coalesce((SELECT min(sequence) FROM events), last_sequence + 1) AS first, last_sequence AS last FROM state`,
    );
    return row ?? { first: 1, last: 0 };
  }

  async trim(upTo: number): Promise<number> {
    const { first, last } = await this.range();
    let count = 0;
    for (const slice of slices({ first, last: Math.min(upTo, last) }, SLICE)) {
      count += await this.#writer.write(trim, slice);
    }
    return count;
  }
}

const trim = oneByOne(({ client }: Session, { first, last }: { readonly first: number; readonly last: number }) =>
  change(client, 'DELETE FROM events WHERE sequence BETWEEN $1 AND $2', [first, last]),
);

const markCompacted = oneByOne(async (session: Session, revision: number) => {
  session.compacted = Math.max(session.compacted, Math.min(revision, session.revision));
  return session.compacted;
});

interface LeaseWanted {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
}

const acquire = oneByOne(async ({ client, now }: Session, wanted: LeaseWanted) => {
  const [kept] = await query<LeaseRow>(
    client,
    'SELECT name, holder, token, expires_at AS "expiresAt" FROM leases WHERE name = $1',
    [wanted.name],
  );
  const lease = grant(kept, { ...wanted, now });
  if (lease !== undefined) {
    await change(
      client,
      `INSERT INTO leases VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, token = excluded.token, expires_at = excluded.expires_at`,
      [lease.name, lease.holder, lease.token, lease.expiresAt],
    );
  }
  return lease;
});

const release = oneByOne(async ({ client }: Session, { name, holder, token }: Lease) => {
  await change(client, 'UPDATE leases SET holder = NULL WHERE name = $1 AND holder = $2 AND token = $3', [
    name,
    holder,
    token,
  ]);
});
