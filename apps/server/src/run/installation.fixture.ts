import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Client, createClient, type EventRecord, type SessionResource } from '@roundhouse/api';
import { isRoundhouseError } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';
import { vi } from 'vitest';
import { type RunningServer, runServer, type RunOptions } from './run.ts';

/** What stands in a configuration file; JSON is YAML. */
export type Content = Readonly<Record<string, unknown>>;

/** Asks again while the server says that it has too much to do: this machine may be busy with other tests. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isRoundhouseError(error) || error.code !== 'OVERLOADED') throw error;
      await setTimeout(50);
    }
  }
}

/** A server that runs from a configuration file in a folder of its own, and everything that its event stream has told. */
export class Installation implements AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  readonly events: EventRecord[] = [];
  readonly #watch = new AbortController();
  #server: RunningServer | undefined;
  #client: Client | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = join(folder, 'roundhouse.yaml');
  }

  /** `isWatched`: whether a change of the file is a reload, default false. */
  static async start(
    content: Content,
    options: Partial<Pick<RunOptions, 'isWatched' | 'createSupervisor'>> = {},
  ): Promise<Installation> {
    const installation = new Installation(await mkdtemp(join(tmpdir(), 'roundhouse-run-')));
    await installation.write(content);
    await installation.#start({ isWatched: false, ...options });
    return installation;
  }

  get server(): RunningServer {
    return this.#server as RunningServer;
  }

  get client(): Client {
    return this.#client as Client;
  }

  /** Stops the server, and runs it from another configuration. */
  async restart(content: Content): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#client?.close();
    this.#server = undefined;
    this.events.length = 0;
    await this.write(content);
    await this.#start({ isWatched: false });
  }

  /** As editors and tools do it: another file in its place. */
  async write(content: Content | string): Promise<void> {
    const temporary = join(this.folder, 'new');
    await writeFile(temporary, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    await rename(temporary, this.file);
  }

  /** `count` sessions of a group, some at a time. */
  async open(count: number, group: string): Promise<SessionResource[]> {
    const opened: SessionResource[] = [];
    while (opened.length < count) {
      const some = Array.from({ length: Math.min(50, count - opened.length) }, () =>
        patiently(() => this.client.createSession({ group, timeout_ms: 30_000 })),
      );
      opened.push(...(await Promise.all(some)));
    }
    return opened;
  }

  /** All, page by page. */
  async sessions(): Promise<SessionResource[]> {
    const all: SessionResource[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
      const page = await patiently(() => this.client.listSessions(query));
      all.push(...page.items);
      cursor = page.next_cursor;
    }
    return all;
  }

  /** What was told of the configuration, oldest first, without `roundhouse.configuration.`. */
  told(): Array<readonly [string, unknown]> {
    const prefix = 'roundhouse.configuration.';
    return this.events.flatMap(({ type, data }) =>
      type.startsWith(prefix) ? [[type.slice(prefix.length), data] as const] : [],
    );
  }

  /** Resolves when nothing fails in `check` any more. */
  async until(check: () => void | Promise<void>): Promise<void> {
    await vi.waitFor(check, { timeout: 20_000, interval: 20 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.abort();
    this.#client?.close();
    await this.#server?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }

  async #start(options: Partial<RunOptions>): Promise<void> {
    this.#server = await runServer({
      version: '0.0.0',
      openSession,
      variables: {},
      home: join(this.folder, 'home'),
      sources: { file: this.file },
      ...options,
      defaults: { port: 0, frontPort: undefined, logFilter: 'silent', token: 'token-of-this-test' },
    });
    this.#client = createClient({ url: this.#server.url, token: this.#server.token });
    void this.#follow();
  }

  async #follow(): Promise<void> {
    const stream = this.client.streamEvents({}, { lastEventId: '0', signal: this.#watch.signal });
    for await (const event of stream) this.events.push(event);
  }
}
