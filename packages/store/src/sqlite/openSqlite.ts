import { open, stat } from 'node:fs/promises';
import type { Clock, Logger } from '@roundhouse/core';
import { CheckedStore } from '../checkedStore.ts';
import { storeError } from '../errors.ts';
import { type AppliedMigration, checksum, pendingMigrations } from '../migration.ts';
import { turn } from '../slices.ts';
import type { Store } from '../store.ts';
import { Database } from './database.ts';
import { tables } from './migrations/0001-tables.ts';
import { mailbox } from './migrations/0002-mailbox.ts';
import { SqliteBackend } from './sqliteBackend.ts';

/** What a resolved write outlives: a killed process, or also a power cut of the machine, which costs an fsync each. */
export type Durability = 'process' | 'power-loss';

export interface SqliteOptions {
  /** Path; made if it is not there, its folder is not. */
  readonly file: string;
  /** Default `process`: a power cut may then take the last moments, never the soundness of the file. */
  readonly durability?: Durability;
}

const MIGRATIONS = [tables, mailbox] as const;
/** Larger files are opened unchecked: reading them through would keep the process from starting for seconds. */
const MAX_CHECKED_BYTES = 268_435_456;
/** https://sqlite.org/pragma.html#pragma_synchronous: in WAL mode NORMAL leaves out the fsync at each commit. */
const SYNCHRONOUS = { process: 'NORMAL', 'power-loss': 'FULL' } as const satisfies Record<Durability, string>;

/**
 * Opens a SQLite file for this process alone. Raises STORE_LOCKED, STORE_CORRUPT, STORE_SCHEMA_NEWER,
 * STORE_SCHEMA_DIFFERS, STORE_UNAVAILABLE.
 */
export async function openSqlite(
  { file, durability = 'process' }: SqliteOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<Store> {
  const bytes = await touch(file);
  const database = Database.open(file);
  try {
    // The lock is taken by the first access and kept until close; with it SQLite needs no shared memory for the WAL.
    database.script('PRAGMA locking_mode = EXCLUSIVE');
    database.script('PRAGMA journal_mode = WAL');
    database.script(`PRAGMA synchronous = ${SYNCHRONOUS[durability]}`);
    database.script('PRAGMA trusted_schema = OFF');
    if (bytes <= MAX_CHECKED_BYTES) await check(database);
    else log.info('store is opened without a check of its file, for its size', { file, bytes });
    migrate(database, clock.now());
    return new CheckedStore(new SqliteBackend(database, clock), clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes the file if need be, for its owner alone, and returns its length: SQLite would make it as the umask says. */
async function touch(file: string): Promise<number> {
  try {
    await (await open(file, 'a', 0o600)).close();
    return (await stat(file)).size;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw storeError('STORE_UNAVAILABLE', { details: { file, reason }, cause });
  }
}

/** Table by table, so that the event loop goes round in between. */
async function check(database: Database): Promise<void> {
  const names = database.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  for (const { name } of names) {
    const [first] = database.all<{ quick_check: string }>(`PRAGMA quick_check("${name.replaceAll('"', '""')}")`);
    const found = first?.quick_check ?? 'ok';
    if (found !== 'ok') throw storeError('STORE_CORRUPT', { details: { file: database.file, reason: found } });
    await turn();
  }
}

function migrate(database: Database, now: number): void {
  database.run('BEGIN IMMEDIATE');
  try {
    database.script(
      'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, at REAL NOT NULL) STRICT',
    );
    const applied = database.all<AppliedMigration>('SELECT name, checksum FROM migrations ORDER BY name');
    for (const migration of pendingMigrations(MIGRATIONS, applied)) {
      database.script(migration.sql);
      database.run('INSERT INTO migrations VALUES (?, ?, ?)', migration.name, checksum(migration), now);
    }
    database.run('COMMIT');
  } catch (error) {
    if (database.isInTransaction) database.run('ROLLBACK');
    throw error;
  }
}
