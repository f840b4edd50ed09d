import type { Logger, Scope, Secret } from '@roundhouse/core';
import type pg from 'pg';
import { type Found, type IndexBackend, IndexFailure, type OpenedIndex } from '../backend.ts';
import type { Find } from '../terms.ts';
import { clientConfig, type Driver, failureOf, transaction } from './connection.ts';
import { findIn } from './page.ts';
import { bytesOf, createTables, insertRecords, readState, SPAN } from './tables.ts';

/** Readers; one connection more writes. */
const READERS = 4;
/** First key of the advisory locks: any number that is ours. */
const LOCK = 721_327_001;
/** Records from which on it is worth knowing which words are common: when there are twice as many, again. */
const ANALYZE_FROM = 20_000;
/** Characters of the longest name that PostgreSQL does not cut. */
const MAX_NAME = 63;

/** An index in a schema of its own of a PostgreSQL database. */
export class PostgresIndex implements IndexBackend {
  readonly #url: Secret;
  readonly #journal: string;
  readonly #log: Logger;
  readonly #schema: string;
  #writer: pg.Client | undefined;
  #readers: pg.Pool | undefined;
  #isClosed = false;
  /** How many records there were when the server last counted words. */
  #analyzed = 0;

  constructor(url: Secret, journal: string, log: Logger) {
    this.#url = url;
    this.#journal = journal;
    this.#log = log;
    this.#schema = `roundhouse_audit_${journal.toLowerCase()}`.slice(0, MAX_NAME);
  }

  open(): Promise<OpenedIndex> {
    return attempt(async () => {
      const writer = await this.#connected();
      return (await readState(writer, this.#schema, this.#journal)) ?? (await this.#begin(writer));
    });
  }

  reset(): Promise<OpenedIndex> {
    return attempt(async () => this.#begin(await this.#connected()));
  }

  add(records: readonly string[], nextSeq: number): Promise<number> {
    return attempt(async () => {
      const writer = this.#opened();
      await transaction(writer, () => insertRecords(writer, records, nextSeq));
      // The server does so by itself, but not in the middle of filling a table.
      if (nextSeq > ANALYZE_FROM && nextSeq > 2 * this.#analyzed) {
        await writer.query('ANALYZE records');
        this.#analyzed = nextSeq;
      }
      return await bytesOf(writer);
    });
  }

  find(find: Find, isWhole: boolean): Promise<Found> {
    return attempt(async () => findIn(await this.#pool(), find, isWhole));
  }

  forget(from: number, to: number): Promise<boolean> {
    return attempt(async () => {
      const writer = this.#opened();
      const { rowCount } = await writer.query('DELETE FROM records WHERE seq >= $1 AND seq < $2', [from, to]);
      await writer.query('DELETE FROM spans WHERE first >= $1 AND first + $3 <= $2', [from, to, SPAN]);
      return (rowCount ?? 0) > 0;
    });
  }

  /** Rows that are deleted stay in their pages: the table is written anew, and nobody finds anything meanwhile. */
  purge(scope: Scope): Promise<void> {
    return attempt(async () => {
      const driver = await loadDriver();
      const client = new driver.Client(clientConfig(driver, this.#url, this.#schema, 'long'));
      client.on('error', () => {});
      const stop = scope.onEnd(() => void client.end().catch(() => {}));
      try {
        await client.connect();
        await client.query('VACUUM (FULL, ANALYZE) records');
      } finally {
        stop();
        await client.end().catch(() => {});
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const [writer, readers] = [this.#writer, this.#readers];
    this.#writer = undefined;
    this.#readers = undefined;
    await Promise.allSettled([writer?.end(), readers?.end()]);
  }

  #begin(writer: pg.Client): Promise<OpenedIndex> {
    this.#analyzed = 0;
    return transaction(writer, () => createTables(writer, this.#schema, this.#journal));
  }

  #opened(): pg.Client {
    if (this.#writer === undefined) throw new IndexFailure({ isCorrupt: false, reason: 'there is no connection' });
    return this.#writer;
  }

  /** The connection that writes. It alone does: the lock is gone with it. */
  async #connected(): Promise<pg.Client> {
    this.#throwIfClosed();
    if (this.#writer !== undefined) return this.#writer;
    const driver = await loadDriver();
    const client = new driver.Client(clientConfig(driver, this.#url, this.#schema));
    const lost = (): void => {
      if (this.#writer === client) this.#writer = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
      const sql = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken';
      const { rows } = await client.query<{ taken: boolean }>(sql, [LOCK, this.#schema]);
      if (rows[0]?.taken !== true) {
        throw new IndexFailure({ isCorrupt: false, reason: 'another process writes this index' });
      }
      this.#throwIfClosed();
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#writer = client;
    return client;
  }

  async #pool(): Promise<pg.Pool> {
    const driver = await loadDriver();
    this.#throwIfClosed();
    if (this.#readers !== undefined) return this.#readers;
    const pool = new driver.Pool({ ...clientConfig(driver, this.#url, this.#schema), max: READERS });
    // One that breaks while it is idle is replaced when the next is needed.
    pool.on('error', (error) => this.#log.debug('idle connection to the index lost', { reason: error.message }));
    this.#readers = pool;
    return pool;
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new IndexFailure({ isCorrupt: false, reason: 'the index is closed' });
  }
}

/** A driver that few installations need. */
async function loadDriver(): Promise<Driver> {
  return (await import('pg')).default;
}

async function attempt<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw failureOf(error);
  }
}
