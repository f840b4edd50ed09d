import type { Clock, Logger, Secret, Timer } from '@roundhouse/core';
import pg from 'pg';
import { clientConfig } from './connection.ts';
import { CHANNEL } from './writer.ts';

/** A connection can die without a word: it is asked something from time to time. */
const HEARTBEAT_MS = 5_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

export interface ListenerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for each revision that any process makes, and for those that may have been made while it was deaf. */
  readonly onAdvance: () => void;
}

/** Hears of revisions on a connection of its own, which it makes anew when it breaks. */
export class Listener {
  readonly #url: Secret;
  readonly #deps: ListenerDeps;
  #client: pg.Client | undefined;
  #timer: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;
  #connecting: Promise<void> = Promise.resolve();

  constructor(url: Secret, deps: ListenerDeps) {
    this.#url = url;
    this.#deps = deps;
  }

  /** Resolves when it listens, or has failed once; it tries again by itself. */
  start(): Promise<void> {
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#connecting;
    await this.#drop();
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(clientConfig(this.#url));
    this.#client = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', () => this.#deps.onAdvance());
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch {
      this.#lost(client);
      return;
    }
    if (this.#client !== client) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#deps.onAdvance();
    this.#beat(client);
  }

  #beat(client: pg.Client): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.setTimer(HEARTBEAT_MS, () => {
      client.query('SELECT 1').then(
        () => {
          if (this.#client === client) this.#beat(client);
        },
        () => this.#lost(client),
      );
    });
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    void this.#drop();
    if (this.#isClosed) return;
    const delayMs = this.#retryMs;
    this.#deps.log.warn('connection that hears of changes lost', { retry_ms: delayMs });
    this.#retryMs = Math.min(delayMs * 2, MAX_RETRY_MS);
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#connecting = this.#connect();
    });
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.end();
    } catch {
      // It is given up either way.
    }
  }
}
