import type { Clock, Logger, Secret } from '@roundhouse/core';
import { CheckedStore } from '../checkedStore.ts';
import type { Store } from '../store.ts';
import { createPool } from './connection.ts';
import { migrate } from './migrate.ts';
import { PostgresBackend } from './postgresBackend.ts';

/**
 * Opens a store in schema `roundhouse` of a PostgreSQL database, which it makes there if need be. Connections are direct:
 * a pooler that mixes transactions of several clients on one connection carries no LISTEN. Raises STORE_UNAVAILABLE,
 * STORE_REFUSED, STORE_SCHEMA_NEWER, STORE_SCHEMA_DIFFERS.
 */
export async function openPostgres(url: Secret, deps: { readonly clock: Clock; readonly log: Logger }): Promise<Store> {
  const pool = createPool(url, deps.log);
  try {
    await migrate(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const backend = new PostgresBackend(pool, url, deps);
  await backend.start();
  return new CheckedStore(backend, deps.clock);
}
