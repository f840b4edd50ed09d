import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '@roundhouse/core';
import { type Chunks, syncFolder, writeDurably } from '../mail/durable.ts';
import type { DsnNotify, Envelope, Recipient } from './envelope.ts';

/** A message that waits, as the disk has it. Times are ms since 1970. */
export interface SpoolEntry {
  readonly id: string;
  /** `to` are those who have not got it yet. */
  readonly envelope: Omit<Envelope, 'to'> & { readonly to: readonly Recipient[] };
  readonly bytes: number;
  readonly queuedAt: number;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  /** What was said at the last attempt. */
  readonly lastAnswer: string | null;
}

const ENTRY = '.json';
const TEXT = '.eml';
/** It is read whole. */
const MAX_ENTRY_BYTES = 4_194_304;

/** What was found at the start. */
export interface SpoolContent {
  readonly entries: readonly SpoolEntry[];
  /** Files that nobody understands; they are in the folder `broken` now. */
  readonly broken: readonly string[];
}

/**
 * Messages on the disk: a text and an entry each. An entry is there, whole, or not; a message is in the spool from the
 * moment its entry is, and no longer when that is gone. What lies beside was never finished.
 */
export class Spool {
  readonly #messages: string;
  readonly #tmp: string;
  readonly #broken: string;

  constructor(directory: string) {
    this.#messages = join(directory, 'messages');
    this.#tmp = join(directory, 'tmp');
    this.#broken = join(directory, 'broken');
  }

  /** Makes the folders, removes what was never finished, reads the rest. */
  async open(): Promise<SpoolContent> {
    for (const folder of [this.#messages, this.#tmp, this.#broken])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#tmp)) await rm(join(this.#tmp, name), { force: true });
    const names = await readdir(this.#messages);
    const entries: SpoolEntry[] = [];
    const broken: string[] = [];
    for (const name of names.filter((each) => each.endsWith(ENTRY))) {
      const id = name.slice(0, -ENTRY.length);
      const entry = names.includes(`${id}${TEXT}`) ? await this.#read(id) : undefined;
      if (entry !== undefined) entries.push(entry);
      else {
        await rename(join(this.#messages, name), join(this.#broken, name));
        broken.push(name);
      }
    }
    const known = new Set([...entries.map(({ id }) => id), ...broken.map((name) => name.slice(0, -ENTRY.length))]);
    for (const name of names.filter((each) => each.endsWith(TEXT))) {
      if (!known.has(name.slice(0, -TEXT.length))) await rm(join(this.#messages, name), { force: true });
    }
    return { entries, broken };
  }

  /** Durable when it resolves to the entry; nothing is left when it rejects. */
  async add(entry: Omit<SpoolEntry, 'bytes'>, text: Chunks, scope: Scope): Promise<SpoolEntry> {
    const [unfinished, path] = [join(this.#tmp, `${entry.id}${TEXT}`), this.#textOf(entry.id)];
    try {
      await writeDurably(unfinished, text, scope);
      const whole = { ...entry, bytes: (await stat(unfinished)).size };
      await rename(unfinished, path);
      scope.throwIfEnded();
      await this.put(whole);
      return whole;
    } catch (error) {
      for (const each of [unfinished, this.#entryOf(entry.id), path]) await rm(each, { force: true });
      throw error;
    }
  }

  /** Replaces an entry; durable when it resolves. */
  async put(entry: SpoolEntry): Promise<void> {
    const unfinished = join(this.#tmp, `${entry.id}${ENTRY}`);
    await rm(unfinished, { force: true });
    await writeDurably(unfinished, [Buffer.from(JSON.stringify(entry))]);
    await rename(unfinished, this.#entryOf(entry.id));
    await syncFolder(this.#messages);
  }

  /** The entry first: a text alone is nothing. */
  async remove(id: string): Promise<void> {
    await rm(this.#entryOf(id), { force: true });
    await syncFolder(this.#messages);
    await rm(this.#textOf(id), { force: true });
  }

  /** The file is open only while it is read. */
  async *text(id: string): AsyncGenerator<Uint8Array> {
    yield* createReadStream(this.#textOf(id)) as AsyncIterable<Uint8Array>;
  }

  async #read(id: string): Promise<SpoolEntry | undefined> {
    try {
      const path = this.#entryOf(id);
      if ((await stat(path)).size > MAX_ENTRY_BYTES) return undefined;
      const entry: unknown = JSON.parse(await readFile(path, 'utf8'));
      return isEntry(entry, id) ? entry : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #entryOf(id: string): string {
    return join(this.#messages, `${id}${ENTRY}`);
  }

  #textOf(id: string): string {
    return join(this.#messages, `${id}${TEXT}`);
  }
}

function isEntry(value: unknown, id: string): value is SpoolEntry {
  const entry = (value ?? {}) as Partial<Record<keyof SpoolEntry, unknown>>;
  const numbers = [entry.bytes, entry.queuedAt, entry.attempts, entry.nextAttemptAt];
  const isCounted = entry.id === id && numbers.every((each) => typeof each === 'number' && Number.isFinite(each));
  const { from, to } = (entry.envelope ?? {}) as { from?: unknown; to?: unknown };
  const isAddressed = typeof from === 'string' && Array.isArray(to) && to.length > 0 && to.every(isRecipient);
  return isCounted && isAddressed && (entry.lastAnswer === null || typeof entry.lastAnswer === 'string');
}

function isRecipient(value: unknown): value is Recipient {
  const { address, notify } = (value ?? {}) as { address?: unknown; notify?: DsnNotify };
  return typeof address === 'string' && (notify === undefined || notify === 'never' || Array.isArray(notify));
}
