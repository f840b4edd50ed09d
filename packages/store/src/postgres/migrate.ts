import type pg from 'pg';
import { type AppliedMigration, checksum, pendingMigrations } from '../migration.ts';
import { transaction } from './connection.ts';
import { tables } from './migrations/0001-tables.ts';
import { mailbox } from './migrations/0002-mailbox.ts';

const MIGRATIONS = [tables, mailbox] as const;
/** Key of the advisory lock, any number that is ours: of processes that start together one migrates. */
const LOCK = 7_213_270_001;

/** Brings the schema up to this version. Raises STORE_SCHEMA_NEWER, STORE_SCHEMA_DIFFERS, STORE_REFUSED. */
export function migrate(pool: pg.Pool): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    // IF NOT EXISTS asks for the right to create also where there is nothing to create.
    const found = await client.query<{ schema: string | null }>(`SELECT to_regnamespace('roundhouse') AS schema`);
    if (found.rows[0]?.schema === null) await client.query('CREATE SCHEMA roundhouse');
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations (
        name text COLLATE "C" PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
    );
    const applied = await client.query<AppliedMigration>('SELECT name, checksum FROM migrations ORDER BY name');
    for (const migration of pendingMigrations(MIGRATIONS, applied.rows)) {
      await client.query(migration.sql);
      await client.query('INSERT INTO migrations VALUES ($1, $2)', [migration.name, checksum(migration)]);
    }
  });
}
