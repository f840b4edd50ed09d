import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createScope, type Logger, type Scope, silentLogger, systemClock } from '@roundhouse/core';
import type { AuditPageQuery, IndexDependencies, IndexPlace, SearchIndex } from './contract.ts';
import { MemoryJournal } from './memoryJournal.fixture.ts';
import { openIndex } from './open.ts';

/** Where the index of one test is. */
export interface TestPlace {
  readonly options: IndexPlace;
  remove(): Promise<void>;
}

async function temporaryDirectory(): Promise<TestPlace> {
  const root = await mkdtemp(join(tmpdir(), 'audit-index-'));
  return { options: { directory: join(root, 'index') }, remove: () => rm(root, { recursive: true, force: true }) };
}

/** A place with an index, which goes when the test is over. */
export class IndexBed implements AsyncDisposable {
  readonly journal: MemoryJournal;
  readonly scope: Scope;
  readonly #place: TestPlace;
  readonly #clock: Clock;
  #index: SearchIndex | undefined;

  static async make(
    journal = new MemoryJournal(),
    clock: Clock = systemClock,
    place: () => Promise<TestPlace> = temporaryDirectory,
  ): Promise<IndexBed> {
    return new IndexBed(await place(), journal, clock);
  }

  private constructor(place: TestPlace, journal: MemoryJournal, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
    this.journal = journal;
    this.scope = createScope({ clock });
  }

  /** Of an index in a file. */
  get directory(): string {
    return 'directory' in this.#place.options ? this.#place.options.directory : '';
  }

  get index(): SearchIndex {
    return (this.#index ??= this.open());
  }

  open(
    journal: IndexDependencies['journal'] = this.journal,
    log: Logger = silentLogger,
    place = this.#place.options,
  ): SearchIndex {
    return openIndex(place, { journal, clock: this.#clock, log });
  }

  async close(): Promise<void> {
    await this.#index?.close();
    this.#index = undefined;
  }

  /** Numbers of the records of a page. */
  async seqs(query: AuditPageQuery = {}): Promise<readonly number[]> {
    return (await this.index.query({ limit: 1_000, ...query }, this.scope)).records.map(({ seq }) => seq);
  }

  async export(query: AuditPageQuery = {}, format: 'jsonl' | 'csv' = 'jsonl'): Promise<string> {
    let text = '';
    for await (const piece of this.index.export(query, format, this.scope)) text += piece;
    return text;
  }

  /** All bytes that the index has on the disk. */
  async bytes(): Promise<Buffer> {
    const names = await readdir(this.directory);
    return Buffer.concat(await Promise.all(names.map((name) => readFile(join(this.directory, name)))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.scope.end();
    await this.close();
    await this.#place.remove();
  }
}
