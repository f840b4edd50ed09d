import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyRing, type KeyRing, type Logger, type LogFields, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import type { AppendFile, JournalFiles } from '../files.ts';
import { nodeFiles } from '../nodeFiles.ts';
import type { AuditJournal, JournalDependencies, JournalOptions } from './contract.ts';
import { openJournal } from './open.ts';

export const keyRing = (): KeyRing => createKeyRing(new Map([['main', Buffer.alloc(32, 7)]]), 'main');

/** Ways in which a disk fails: each is an error of Node, or undefined while all is well. */
export interface Faults {
  write: string | undefined;
  sync: string | undefined;
  create: string | undefined;
}

/** The disk, but for faults that a test switches on. A write that fails leaves half of its bytes, as a full disk does. */
export function faultyFiles(): { files: JournalFiles; faults: Faults } {
  const faults: Faults = { write: undefined, sync: undefined, create: undefined };
  const raise = (code: string): never => {
    throw Object.assign(new Error(`${code}: injected`), { code });
  };
  const wrap = (file: AppendFile): AppendFile => ({
    async write(bytes) {
      if (faults.write === undefined) return file.write(bytes);
      await file.write(bytes.subarray(0, bytes.length >> 1));
      raise(faults.write);
    },
    async sync() {
      if (faults.sync !== undefined) raise(faults.sync);
      await file.sync();
    },
    close: () => file.close(),
  });
  const files: JournalFiles = {
    ...nodeFiles,
    async append(path, existing) {
      if (faults.create !== undefined && existing === 'new') raise(faults.create);
      return wrap(await nodeFiles.append(path, existing));
    },
  };
  return { files, faults };
}

/** A place for journals, gone with the test. */
export class Bed implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock();
  readonly lines: (LogFields & { message: string })[] = [];
  readonly directory: string;
  readonly #root: string;
  readonly #open: AuditJournal[] = [];

  private constructor(root: string) {
    this.#root = root;
    this.directory = join(root, 'journal');
  }

  static async create(): Promise<Bed> {
    return new Bed(await mkdtemp(join(tmpdir(), 'audit-')));
  }

  /** Another directory beside that of the journal. */
  beside(name: string): string {
    return join(this.#root, name);
  }

  get log(): Logger {
    const add = (message: string, fields: LogFields = {}): void => void this.lines.push({ message, ...fields });
    return { ...silentLogger, info: add, warn: add, error: add };
  }

  async open(options: Partial<JournalOptions> = {}, deps: Partial<JournalDependencies> = {}): Promise<AuditJournal> {
    const given = { directory: this.directory, ...options };
    const journal = await openJournal(given, { clock: this.clock, log: this.log, ...deps });
    this.#open.push(journal);
    return journal;
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.directory, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((journal) => journal.close()));
    await rm(this.#root, { recursive: true });
  }
}

/** For tests that wait for the disk: a busy machine may let it wait. */
export const PATIENT: { readonly timeout: number } = { timeout: 40_000 };
const GIVE_UP_MS = 30_000;

/** Lets time and the disk go on until a condition holds. */
export async function until(clock: FakeClock, isDone: () => boolean): Promise<void> {
  // The disk is a real one: how long it takes is not for the fake clock to say.
  for (const giveUpAt = performance.now() + GIVE_UP_MS; !isDone(); ) {
    if (performance.now() > giveUpAt) throw new Error('The condition does not come to hold');
    await clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Settles as `promise` does, while time goes on. */
export async function elapse<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = (): void => {
    isSettled = true;
  };
  promise.then(done, done);
  await until(clock, () => isSettled);
  return promise;
}
