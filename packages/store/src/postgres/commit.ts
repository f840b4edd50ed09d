import type { CommittedRows } from '../backend.ts';
import { evaluate, resourceKey } from '../evaluate.ts';
import type { ChangeRow, EventRow, ResourceRow, TransactionRows } from '../rows.ts';
import { columns } from './columns.ts';
import { change, type Queryable, query } from './connection.ts';
import type { Outcome, Session } from './writer.ts';

/** Columns of a resource. */
export const RESOURCE = 'kind, id, version, created_at AS "createdAt", updated_at AS "updatedAt", json';

/** Decides transactions one after the other, each on what those before it leave, and writes all of them at once. */
export async function commitAll(
  session: Session,
  transactions: readonly TransactionRows[],
): Promise<ReadonlyArray<Outcome<CommittedRows>>> {
  const present = await readAll(session.client, transactions);
  const changes: ChangeRow[] = [];
  const events: EventRow[] = [];
  const outcomes = transactions.map((transaction): Outcome<CommittedRows> => {
    try {
      const { revision, lastSequence, now } = session;
      const find = (kind: string, id: string): ResourceRow | undefined => present.get(resourceKey(kind, id));
      const effects = evaluate(transaction, { revision, lastSequence, now, find });
      session.revision = effects.revision;
      session.lastSequence = effects.lastSequence;
      changes.push(...effects.changes);
      events.push(...transaction.events);
      for (const { op, resource } of effects.changes) {
        const key = resourceKey(resource.kind, resource.id);
        if (op === 'put') present.set(key, resource);
        else present.delete(key);
      }
      return { value: effects };
    } catch (refusal) {
      return { refusal };
    }
  });
  await writeChanges(session.client, changes);
  await writeEvents(session.client, events);
  return outcomes;
}

async function readAll(client: Queryable, transactions: readonly TransactionRows[]): Promise<Map<string, ResourceRow>> {
  const wanted = transactions.flatMap(({ writes }) => writes);
  if (wanted.length === 0) return new Map();
  const rows = await query<ResourceRow>(
    client,
    `SELECT ${RESOURCE} FROM resources WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    columns(
      wanted,
      ({ kind }) => kind,
      ({ id }) => id,
    ),
  );
  return new Map(rows.map((row) => [resourceKey(row.kind, row.id), row]));
}

async function writeChanges(client: Queryable, changes: readonly ChangeRow[]): Promise<void> {
  if (changes.length === 0) return;
  await change(
    client,
    `INSERT INTO changes SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[],
       $6::bigint[], $7::double precision[], $8::double precision[], $9::text[])`,
    columns(
      changes,
      ({ revision }) => revision,
      ({ ordinal }) => ordinal,
      ({ op }) => op,
      ...RESOURCE_COLUMNS.map(
        (of) =>
          ({ resource }: ChangeRow) =>
            of(resource),
      ),
    ),
  );
  // Of several changes of one resource the last tells what there is afterwards.
  const last = [...new Map(changes.map((each) => [resourceKey(each.resource.kind, each.resource.id), each])).values()];
  const put = last.filter(({ op }) => op === 'put').map(({ resource }) => resource);
  const deleted = last.filter(({ op }) => op === 'delete').map(({ resource }) => resource);
  if (put.length > 0) {
    await change(
      client,
      `INSERT INTO resources SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::double precision[],
         $5::double precision[], $6::text[])
       ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, created_at = excluded.created_at,
         updated_at = excluded.updated_at, json = excluded.json`,
      columns(put, ...RESOURCE_COLUMNS),
    );
  }
  if (deleted.length > 0) {
    await change(
      client,
      'DELETE FROM resources WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
      columns(
        deleted,
        ({ kind }) => kind,
        ({ id }) => id,
      ),
    );
  }
}

const RESOURCE_COLUMNS: ReadonlyArray<(row: ResourceRow) => string | number> = [
  ({ kind }) => kind,
  ({ id }) => id,
  ({ version }) => version,
  ({ createdAt }) => createdAt,
  ({ updatedAt }) => updatedAt,
  ({ json }) => json,
];

async function writeEvents(client: Queryable, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  await change(
    client,
    `INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::double precision[], $3::text[], $4::text[], $5::text[])`,
    columns(
      events,
      ({ sequence }) => sequence,
      ({ at }) => at,
      ({ type }) => type,
      ({ subject }) => subject,
      ({ json }) => json,
    ),
  );
}
