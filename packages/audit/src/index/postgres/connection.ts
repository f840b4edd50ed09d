import type { Secret } from '@roundhouse/core';
import type pg from 'pg';
import { IndexFailure } from '../backend.ts';

/** Time-outs in ms. The one of the client also ends the wait for a server that has vanished without a word. */
const CONNECT_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 10_000;
const CLIENT_TIMEOUT = 12_000;
const IDLE_IN_TRANSACTION_TIMEOUT = 15_000;
/** Of one statement that writes a whole table anew. */
const LONG_TIMEOUT = 6 * 3_600_000;
const INT8 = 20;

/** Codes of SQLSTATE (PostgreSQL 15, appendix A) which say that the tables are not there, not ours, or damaged. */
const CORRUPT: ReadonlySet<string> = new Set(['3F000', '42P01', '42703', '42804', 'XX001', 'XX002']);

export type Driver = typeof pg;

/** `long`: for a statement that may take hours. */
export function clientConfig(driver: Driver, url: Secret, schema: string, patience?: 'long'): pg.ClientConfig {
  const [statement, client] = patience === 'long' ? [LONG_TIMEOUT, LONG_TIMEOUT] : [STATEMENT_TIMEOUT, CLIENT_TIMEOUT];
  return {
    connectionString: url.reveal(),
    application_name: 'roundhouse-audit',
    // What is lost of a crash of the server comes again out of the journal. Compiling costs more than such queries take.
    options: `-c search_path="${schema}" -c synchronous_commit=off -c jit=off`,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: statement,
    query_timeout: client,
    lock_timeout: STATEMENT_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
    keepAlive: true,
    types: {
      // Numbers of records and times stay below 2^53.
      getTypeParser: (oid, format) =>
        oid === INT8 && format !== 'binary' ? Number : driver.types.getTypeParser(oid, format),
    },
  };
}

/** All of it, or nothing. */
export async function transaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that is broken has rolled back by itself.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** What PostgreSQL, or the way to it, failed with. Holds nothing of the URL. */
export function failureOf(error: unknown): IndexFailure {
  if (error instanceof IndexFailure) return error;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : undefined;
  const reason = first instanceof Error && first.message !== '' ? first.message : (code ?? String(first));
  return new IndexFailure({ isCorrupt: code !== undefined && CORRUPT.has(code), reason }, error);
}
