import type { Logger, Secret } from '@roundhouse/core';
import pg from 'pg';
import { coded } from './failure.ts';

const SCHEMA = 'roundhouse';
/** Time-outs in ms. The one of the client also ends the wait for a server that has vanished without a word. */
const CONNECT_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 10_000;
const CLIENT_TIMEOUT = 12_000;
const IDLE_IN_TRANSACTION_TIMEOUT = 15_000;
/** Readers, and the one writer. */
const CONNECTIONS = 8;
const INT8 = 20;

type Value = string | number | null | Uint8Array | ReadonlyArray<string | number | null>;

/** Something that takes queries: the pool for one alone, a client for those of a transaction. */
export interface Queryable {
  query(config: pg.QueryConfig): Promise<pg.QueryResult>;
}

export function clientConfig(url: Secret): pg.ClientConfig {
  return {
    connectionString: url.reveal(),
    application_name: SCHEMA,
    options: `-c search_path=${SCHEMA}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    lock_timeout: STATEMENT_TIMEOUT,
    query_timeout: CLIENT_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
    keepAlive: true,
    types: {
      // Revisions, sequences and ids stay below 2^53.
      getTypeParser: (oid, format) =>
        oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    },
  };
}

export function createPool(url: Secret, log: Logger): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(url), max: CONNECTIONS });
  // A connection that breaks while it is idle is replaced when the next is needed.
  pool.on('error', (error) => log.debug('idle connection to the store lost', { reason: error.message }));
  return pool;
}

/** Names of prepared statements by their text, of which there is a fixed number. */
const names = new Map<string, string>();

/** Runs a statement, prepared once a connection. Raises the codes of the store. */
export async function query<T>(on: Queryable, text: string, values: readonly Value[] = []): Promise<readonly T[]> {
  return (await execute(on, text, values)).rows as T[];
}

/** As `query`, for how many rows it changed. */
export async function change(on: Queryable, text: string, values: readonly Value[]): Promise<number> {
  return (await execute(on, text, values)).rowCount ?? 0;
}

async function execute(on: Queryable, text: string, values: readonly Value[]): Promise<pg.QueryResult> {
  let name = names.get(text);
  if (name === undefined) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  try {
    return await on.query({ name, text, values: [...values] });
  } catch (error) {
    throw coded(error);
  }
}

/** Runs work in one transaction on one connection, which is given up when that fails. Raises the codes of the store. */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw coded(error);
  }
  // Tells of a connection that breaks while a query waits, which fails too; unheard, it would end the process.
  const ignore = (): void => {};
  client.on('error', ignore);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.off('error', ignore);
    client.release();
    return result;
  } catch (error) {
    const failure = coded(error);
    const isSound = failure.code !== 'STORE_UNAVAILABLE' && (await rollBack(client));
    client.off('error', ignore);
    client.release(!isSound);
    throw failure;
  }
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
