import type { Clock, Scope } from '@roundhouse/core';
import type { Found, IndexBackend, OpenedIndex } from '../backend.ts';
import type { Find } from '../terms.ts';
import { IndexThread } from './indexThread.ts';

/** An index in a file of SQLite, which a thread writes and another reads. */
export class SqliteIndex implements IndexBackend {
  readonly #writer: IndexThread;
  readonly #reader: IndexThread;

  constructor(directory: string, journal: string, clock: Clock) {
    this.#writer = new IndexThread({ directory, journal, role: 'writer' }, clock);
    this.#reader = new IndexThread({ directory, journal, role: 'reader' }, clock);
  }

  open(): Promise<OpenedIndex> {
    return this.#writer.open();
  }

  async reset(): Promise<OpenedIndex> {
    await this.#reader.close();
    const opened = await this.#writer.reset();
    // Whoever opened the file in between has one that is no more.
    await this.#reader.close();
    return opened;
  }

  add(records: readonly string[], nextSeq: number): Promise<number> {
    return this.#writer.add(records, nextSeq);
  }

  find(find: Find, isWhole: boolean): Promise<Found> {
    return this.#reader.find(find, isWhole);
  }

  forget(from: number, to: number): Promise<boolean> {
    return this.#writer.forget(from, to);
  }

  async purge(scope: Scope): Promise<void> {
    // A page that is open would keep what was deleted in the file.
    await this.#reader.close();
    for (let isFirst = true; !(await this.#writer.purge(isFirst)); isFirst = false) scope.throwIfEnded();
  }

  async close(): Promise<void> {
    // The last to close takes the write-ahead log in, which who may only read cannot.
    await this.#reader.close();
    await this.#writer.close();
  }
}
