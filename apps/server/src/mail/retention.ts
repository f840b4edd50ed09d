import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import type { Mailbox } from './mailbox.ts';

export interface MailRetentionDependencies {
  readonly store: Pick<Store, 'mailbox'>;
  /** Where mail is kept now. */
  readonly mailbox: Pick<Mailbox, 'sweep'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
const INTERVAL_MS = 3_600_000;

/** Removes messages from the store when they are old, and from the mailbox what was never finished: every hour. */
export class MailRetention {
  readonly #deps: MailRetentionDependencies;
  readonly #scope: Scope;
  #maxAgeDays: number;

  constructor(options: { readonly maxAgeDays?: number }, deps: MailRetentionDependencies, scope: Scope) {
    this.#deps = deps;
    this.#scope = scope.child({ what: 'The retention of mail' });
    this.#maxAgeDays = options.maxAgeDays ?? Infinity;
  }

  configure({ maxAgeDays = Infinity }: { readonly maxAgeDays?: number }): void {
    this.#maxAgeDays = maxAgeDays;
  }

  start(): void {
    // The end of the scope ends it.
    this.#run().catch(() => {});
  }

  stop(): void {
    this.#scope.end();
  }

  async #run(): Promise<never> {
    for (;;) {
      await this.#logged(() => this.#deps.mailbox.sweep());
      await this.#logged(() => this.#purge());
      await this.#scope.sleep(INTERVAL_MS);
    }
  }

  async #purge(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const before = clock.now() - this.#maxAgeDays * DAY_MS;
    if (before < 0) return;
    const removed = await store.mailbox.purge(before);
    if (removed > 0) log.info('old mail removed', { removed, before: new Date(before).toISOString() });
  }

  /** What fails is tried again in an hour. */
  async #logged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.warn('old mail could not be removed', { reason: String(error) });
    }
  }
}
