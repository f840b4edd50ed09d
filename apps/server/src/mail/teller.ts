import { type Clock, createScope, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import { type BackoffStep, exponentialBackoff, type Random } from '@roundhouse/resilience';
import type { Store, Write } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { PendingPlaces } from './mailbox.ts';
import type { MailNotice, Outbox } from './outbox.ts';

export interface TellerDependencies {
  readonly outbox: Pick<Outbox, 'all' | 'remove'>;
  readonly places: PendingPlaces;
  readonly journal: Pick<EventJournal, 'commit'>;
  readonly store: Pick<Store, 'get'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const KIND = 'mail_told';
const ID = 'last';
/** Events of one transaction. */
const MAX_BATCH = 100;
const RETRY = exponentialBackoff({ initialMs: 100, maxMs: 30_000 });

/**
 * Makes events of notices, in their order. Which ones were told last is written in the transaction that tells them, and
 * their files go before the next: whatever dies when, each message is told once.
 */
export class MailTeller {
  readonly #deps: TellerDependencies;
  readonly #scope: Scope;
  readonly #queue: MailNotice[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(deps: TellerDependencies) {
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
  }

  /** Messages that are kept, and not told yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Takes up what an earlier life left. A message that was not in the mailbox yet was taken from nobody: it goes, and
   * nothing is told of it. Rejects as file system and store do.
   */
  async recover(): Promise<void> {
    const { outbox, places, log } = this.#deps;
    const { notices, spoilt } = await outbox.all();
    for (const file of spoilt) log.error('a message cannot be told: its notice cannot be read', { file });
    const told = await this.#told();
    // First: they stand among those that are to be told, and telling these forgets which were told before.
    await outbox.remove(notices.filter(({ name }) => told.has(name)));
    for (const notice of notices.filter(({ name }) => !told.has(name))) {
      const { pending } = notice;
      if (pending !== null && (await places.isPending(pending))) {
        // In this order: without the message it would look like one that was taken.
        await outbox.remove([notice]);
        await places.discard(pending);
      } else this.tell(notice);
    }
  }

  /** Soon, and for as long as it takes. */
  tell(notice: MailNotice): void {
    this.#queue.push(notice);
    if (this.#isRunning || this.#scope.signal.aborted) return;
    this.#isRunning = true;
    this.#running = this.#run().finally(() => {
      this.#isRunning = false;
    });
  }

  /** Tells what it can until `scope` ends; the rest is told by the next life. Idempotent. */
  async close(scope: Scope): Promise<void> {
    await scope.race(this.#running).catch(() => {});
    this.#scope.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    let backoff: BackoffStep | typeof RETRY = RETRY;
    while (this.#queue.length > 0 && !this.#scope.signal.aborted) {
      const batch = this.#queue.slice(0, MAX_BATCH);
      try {
        await this.#publish(batch);
        await this.#deps.outbox.remove(batch);
        this.#queue.splice(0, batch.length);
        backoff = RETRY;
      } catch (error) {
        const step: BackoffStep = backoff.next(this.#deps.random);
        const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
        const facts = { code, reason: String(error), waiting: this.#queue.length, retry_ms: Math.round(step.delayMs) };
        this.#deps.log.warn('mail could not be told', facts);
        await this.#scope.sleep(step.delayMs).catch(() => {});
        backoff = step;
      }
    }
  }

  async #publish(batch: readonly MailNotice[]): Promise<void> {
    // An attempt that seemed to fail may have been written.
    const told = await this.#told();
    const left = batch.filter(({ name }) => !told.has(name));
    if (left.length === 0) return;
    const value = { notices: batch.map(({ name }) => name) };
    const writes: readonly Write[] = [{ op: 'put', kind: KIND, id: ID, value, expect: 'any' }];
    const drafts = left.map(({ name, summary }) => ({ type: 'mail.received', subject: name, data: { ...summary } }));
    await this.#scope.race(this.#deps.journal.commit(writes, drafts));
  }

  async #told(): Promise<ReadonlySet<unknown>> {
    const names = (await this.#deps.store.get(KIND, ID))?.value['notices'];
    return new Set(Array.isArray(names) ? names : []);
  }
}
