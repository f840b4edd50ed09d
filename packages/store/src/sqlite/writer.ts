import { storeError } from '../errors.ts';
import type { Database } from './database.ts';

/** Writes that may wait for their turn. */
const MAX_WAITING = 10_000;
/** Writes of one SQLite transaction: some milliseconds at most. */
const MAX_GROUP = 100;

interface Waiting {
  readonly work: () => void;
  readonly settle: (failure?: unknown) => void;
}

/**
 * Puts the writes that are asked for in one turn of the event loop into one SQLite transaction, since its end is what
 * costs. Each has a savepoint of its own: one that fails takes no other with it. All are told when the transaction has
 * ended well.
 */
export class Writer {
  readonly #database: Database;
  #waiting: Waiting[] = [];
  #immediate: NodeJS.Immediate | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Resolves with what `work` returned, once that is durable. Raises STORE_BUSY, and what `work` does. */
  write<T>(work: () => T): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(storeError('STORE_BUSY', { details: { waiting: this.#waiting.length } }));
    }
    return new Promise((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        work: () => {
          result = work();
        },
        settle: (failure) => (failure === undefined ? resolve(result) : reject(failure)),
      });
      this.#immediate ??= setImmediate(() => this.#flush());
    });
  }

  /** Writes what waits. */
  finish(): void {
    while (this.#waiting.length > 0) this.#flush();
  }

  #flush(): void {
    clearImmediate(this.#immediate);
    const group = this.#waiting.slice(0, MAX_GROUP);
    this.#waiting = this.#waiting.slice(MAX_GROUP);
    this.#immediate = this.#waiting.length === 0 ? undefined : setImmediate(() => this.#flush());
    let outcomes: unknown[];
    try {
      outcomes = this.#transaction(group);
    } catch (failure) {
      outcomes = group.map(() => failure);
    }
    for (const [index, { settle }] of group.entries()) settle(outcomes[index]);
  }

  /** For each of the group what it failed with, or undefined. Raises when the transaction as a whole failed. */
  #transaction(group: readonly Waiting[]): unknown[] {
    const database = this.#database;
    database.run('BEGIN IMMEDIATE');
    try {
      const outcomes = group.map(({ work }) => this.#savepoint(work));
      database.run('COMMIT');
      return outcomes;
    } catch (error) {
      if (database.isInTransaction) database.run('ROLLBACK');
      throw error;
    }
  }

  #savepoint(work: () => void): unknown {
    const database = this.#database;
    database.run('SAVEPOINT write');
    try {
      work();
      database.run('RELEASE write');
      return undefined;
    } catch (error) {
      // Nothing is left to go back to when SQLite has rolled all of it back.
      if (!database.isInTransaction) throw error;
      database.run('ROLLBACK TO write');
      database.run('RELEASE write');
      return error;
    }
  }
}
