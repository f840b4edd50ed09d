import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Clock, Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { type Chunks, syncFolder, writeDurably } from '../mail/durable.ts';
import { maildirName } from './maildirName.ts';

export interface MaildirOptions {
  /** Absolute; it and its three folders are made when they are not there. */
  readonly directory: string;
  /** For the names of files: two machines may deliver to one folder. */
  readonly hostname: string;
  /** For the names of files. */
  readonly processId: number;
}

const CR = 0x0d;
const LF = 0x0a;
/** What nobody finished within 36 hours nobody will. https://cr.yp.to/proto/maildir.html */
const STALE_MS = 36 * 3_600_000;

let deliveries = 0;

/** Rejects with NET_OPTION_INVALID, or as the file system does. */
export async function openMaildir(options: MaildirOptions, clock: Clock): Promise<Maildir> {
  if (!isAbsolute(options.directory)) {
    throw netError('NET_OPTION_INVALID', { details: { reason: 'the folder of a Maildir is absolute' } });
  }
  for (const name of ['tmp', 'new', 'cur'])
    await mkdir(join(options.directory, name), { recursive: true, mode: 0o700 });
  return new Maildir(options, clock);
}

/** A message that is on the disk, but in nobody's mailbox yet. */
export interface PendingMail {
  /** File that has it. */
  readonly path: string;
  /** Puts it into the mailbox: all at once, and durable when it resolves to its name there. */
  commit(): Promise<string>;
  /** Removes it. Idempotent, and without effect behind `commit`. */
  discard(): Promise<void>;
}

/**
 * A mailbox of one file a message, which many programs may read and write at the same time without a lock. Lines end
 * with LF, as other programs that read it expect.
 */
export class Maildir {
  readonly directory: string;
  readonly #options: MaildirOptions;
  readonly #clock: Clock;

  constructor(options: MaildirOptions, clock: Clock) {
    this.directory = options.directory;
    this.#options = options;
    this.#clock = clock;
  }

  /** Writes a message with CRLF into the mailbox; durable when it resolves to its name. */
  async deliver(text: Chunks, scope: Scope): Promise<string> {
    const pending = await this.write(text, scope);
    return pending.commit();
  }

  /** The first half of a delivery. Leaves nothing when it rejects. */
  async write(text: Chunks, scope: Scope): Promise<PendingMail> {
    const name = this.#uniqueName();
    const path = join(this.directory, 'tmp', name);
    const count = { bytes: 0, lines: 0 };
    try {
      await writeDurably(path, withLf(text, count), scope);
      scope.throwIfEnded();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    let isDone = false;
    return {
      path,
      commit: async () => {
        // Sizes on the disk and on the wire, which Dovecot and Courier read out of the name.
        const final = `${name},S=${count.bytes},W=${count.bytes + count.lines}`;
        await rename(path, join(this.directory, 'new', final));
        isDone = true;
        await syncFolder(join(this.directory, 'new'));
        return final;
      },
      discard: async () => {
        if (!isDone) await rm(path, { force: true });
      },
    };
  }

  /** Removes what deliveries that were cut left behind. Resolves to how many. */
  async sweep(): Promise<number> {
    const folder = join(this.directory, 'tmp');
    let removed = 0;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (this.#clock.now() - mtimeMs < STALE_MS) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }

  #uniqueName(): string {
    const { hostname, processId } = this.#options;
    deliveries++;
    return maildirName({ now: this.#clock.now(), processId, delivery: deliveries, random: randomBytes(8), hostname });
  }
}

async function* withLf(text: Chunks, count: { bytes: number; lines: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of text) {
    const kept = chunk.filter((byte) => byte !== CR);
    count.bytes += kept.byteLength;
    for (const byte of kept) if (byte === LF) count.lines++;
    yield kept;
  }
}
