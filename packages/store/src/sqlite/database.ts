import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { coreError, isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { storeError } from '../errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html */
const SQLITE = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

/** A SQLite file with its prepared statements. Synchronous; every failure is coded. */
export class Database {
  readonly file: string;
  readonly #sqlite: DatabaseSync;
  /** By their text, of which there is a fixed number. */
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file: raises STORE_LOCKED, STORE_CORRUPT, STORE_UNAVAILABLE. */
  static open(file: string): Database {
    try {
      return new Database(file, new DatabaseSync(file));
    } catch (error) {
      throw coded(error, file);
    }
  }

  private constructor(file: string, sqlite: DatabaseSync) {
    this.file = file;
    this.#sqlite = sqlite;
  }

  /** False where SQLite was given one of its names for a database in memory. */
  get isOnDisk(): boolean {
    return this.#sqlite.location() !== null;
  }

  /** False after SQLite itself has rolled back, as it does for a full disk. */
  get isInTransaction(): boolean {
    return this.#sqlite.isTransaction;
  }

  /** Several statements, not prepared. */
  script(sql: string): void {
    this.#coded(() => this.#sqlite.exec(sql));
  }

  all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#coded(() => this.#prepared(sql).all(...values) as T[]);
  }

  get<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#coded(() => this.#prepared(sql).get(...values) as T | undefined);
  }

  /** Returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#coded(() => Number(this.#prepared(sql).run(...values).changes));
  }

  close(): void {
    this.#statements.clear();
    this.#coded(() => this.#sqlite.close());
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #coded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw coded(error, this.file);
    }
  }
}

function coded(error: unknown, file: string): RoundhouseError {
  if (isRoundhouseError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const init = { details: { file, reason }, cause: error };
  switch (resultCode(error)) {
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return storeError('STORE_LOCKED', init);
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return storeError('STORE_CORRUPT', init);
    case SQLITE.FULL:
      return storeError('STORE_FULL', init);
    case SQLITE.READONLY:
    case SQLITE.IOERR:
    case SQLITE.CANTOPEN:
      return storeError('STORE_UNAVAILABLE', init);
    default:
      return coreError('INTERNAL', init);
  }
}

/** The low byte of an extended result code is the primary one. */
function resultCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0;
  return Number(error.errcode) & 0xff;
}
