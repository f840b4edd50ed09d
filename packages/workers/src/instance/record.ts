import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Exit } from '../process/contract.ts';
import { runDirectoryError } from '../process/runDirectoryError.ts';
import { replaceFile } from '../replaceFile.ts';
import { type InstanceId, nameOf } from './id.ts';
import type { InstanceState } from './state.ts';

/** What is kept of an instance beyond the life of the master, beside what its shim writes. */
export interface InstanceRecord<H> {
  /** What was last asked for: `undefined` has never been asked, and goes by the specification. */
  readonly desired: 'running' | 'stopped' | undefined;
  /** Where it rests; undefined from the next start on. */
  readonly rest: Resting | undefined;
  /** The latest generation that was to start. */
  readonly generation: number;
  /** When that was, wall clock in ms. */
  readonly launchedAt: number;
  /** Starts after the first since somebody started it. */
  readonly restarts: number;
  /** The latest end, and why. */
  readonly lastExit: (Exit & { readonly reason: string }) | undefined;
  /** Of the specification that the latest generation was started with. */
  readonly specDigest: string | undefined;
  /** What the restart policy goes by. */
  readonly history: H | undefined;
  /** How often its limits were raised because it exceeded them. */
  readonly adjustments: number;
  /** Boot that it was last seen in. */
  readonly bootId: string | undefined;
}

/** A state that outlives the master. */
type Resting = Extract<InstanceState, { kind: 'idle' | 'waiting' | 'failed' }>;

export const NEW_RECORD: InstanceRecord<never> = {
  desired: undefined,
  rest: undefined,
  generation: 0,
  launchedAt: 0,
  restarts: 0,
  lastExit: undefined,
  specDigest: undefined,
  history: undefined,
  adjustments: 0,
  bootId: undefined,
};

interface Writing<H> {
  /** Never rejects. */
  settled: Promise<void>;
  /** What is written when the present write is done. */
  next: { record: InstanceRecord<H>; readonly written: PromiseWithResolvers<void> } | undefined;
}

/** Records below a run directory, each a file that is replaced whole. Of several writes in a row the last is made. */
export class Records<H> {
  readonly #directory: string;
  /** By name. */
  readonly #writing = new Map<string, Writing<H>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The record; a new one when there is none, or none that can be read. Raises WORKER_RUN_DIRECTORY. */
  async read(instance: InstanceId): Promise<InstanceRecord<H>> {
    const path = this.#pathOf(nameOf(instance));
    try {
      return { ...NEW_RECORD, ...(JSON.parse(await readFile(path, 'utf8')) as Partial<InstanceRecord<H>>) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || error instanceof SyntaxError) return NEW_RECORD;
      throw this.#unusable(path, error);
    }
  }

  /** Resolves when this record, or a later one, is on disk. Raises WORKER_RUN_DIRECTORY. */
  write(instance: InstanceId, record: InstanceRecord<H>): Promise<void> {
    const name = nameOf(instance);
    const writing = this.#writing.get(name);
    if (writing === undefined) return this.#write(name, record);
    writing.next ??= { record, written: Promise.withResolvers() };
    writing.next.record = record;
    return writing.next.written.promise;
  }

  /** Resolves when nothing of the instance is being written. */
  async settled(instance: InstanceId): Promise<void> {
    const name = nameOf(instance);
    for (let writing = this.#writing.get(name); writing !== undefined; writing = this.#writing.get(name)) {
      await writing.settled;
    }
  }

  #write(name: string, record: InstanceRecord<H>): Promise<void> {
    const written = this.#replace(this.#pathOf(name), JSON.stringify(record));
    const writing: Writing<H> = { settled: Promise.resolve(), next: undefined };
    this.#writing.set(name, writing);
    writing.settled = written
      .catch(() => {})
      .then(() => {
        const { next } = writing;
        if (next === undefined) this.#writing.delete(name);
        else this.#write(name, next.record).then(next.written.resolve, next.written.reject);
      });
    return written;
  }

  async #replace(path: string, text: string): Promise<void> {
    try {
      await replaceFile(path, text);
    } catch (error) {
      throw this.#unusable(path, error);
    }
  }

  #pathOf(name: string): string {
    return join(this.#directory, 'workers', name, 'state.json');
  }

  #unusable(path: string, cause: unknown): Error {
    return runDirectoryError(dirname(path), cause);
  }
}
