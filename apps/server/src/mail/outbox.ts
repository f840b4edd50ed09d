import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailSummary } from './summary.ts';

/** What is to be told of one message. */
export interface MailNotice {
  /** Of this notice, once and for all. */
  readonly name: string;
  readonly summary: MailSummary;
  /** Where the message is as long as it is not in the mailbox (`PendingPlaces`); null when it is not kept. */
  readonly pending: string | null;
}

const ENDING = '.json';
const UNFINISHED = '.new';
const SPOILT = '.spoilt';

/** Notices on the disk, from before a message is taken until its event is durable. */
export class Outbox {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Rejects as the file system does. */
  static async open(directory: string): Promise<Outbox> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Outbox(directory);
  }

  /** Durable when it resolves. */
  async add(notice: MailNotice): Promise<void> {
    const path = this.#pathOf(notice.name);
    try {
      await write(path + UNFINISHED, JSON.stringify(notice));
      await rename(path + UNFINISHED, path);
    } catch (error) {
      await rm(path + UNFINISHED, { force: true });
      throw error;
    }
    await this.#sync();
  }

  /** Durable when it resolves; without effect for those that are not there. */
  async remove(notices: ReadonlyArray<Pick<MailNotice, 'name'>>): Promise<void> {
    for (const { name } of notices) await rm(this.#pathOf(name), { force: true });
    await this.#sync();
  }

  /**
   * In the order in which they were added; what was never finished is removed. A notice that the disk has spoilt is laid
   * aside under the name that `spoilt` has, so that the others are told.
   */
  async all(): Promise<{ readonly notices: readonly MailNotice[]; readonly spoilt: readonly string[] }> {
    const notices: MailNotice[] = [];
    const spoilt: string[] = [];
    for (const file of (await readdir(this.#directory)).sort()) {
      const path = join(this.#directory, file);
      if (file.endsWith(UNFINISHED)) await rm(path, { force: true });
      if (!file.endsWith(ENDING)) continue;
      const notice = noticeOf(await readFile(path, 'utf8'));
      if (notice !== undefined) notices.push(notice);
      else {
        await rename(path, path + SPOILT);
        spoilt.push(path + SPOILT);
      }
    }
    return { notices, spoilt };
  }

  #pathOf(name: string): string {
    return join(this.#directory, `${name}${ENDING}`);
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Undefined for what is none. */
function noticeOf(text: string): MailNotice | undefined {
  try {
    const notice = JSON.parse(text) as MailNotice | null;
    const isWhole = typeof notice?.name === 'string' && typeof notice.summary === 'object' && notice.summary !== null;
    return isWhole ? notice : undefined;
  } catch {
    return undefined;
  }
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
