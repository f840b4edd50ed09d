import type { AuditEntry, AuditJournal, AuditRecord } from '@roundhouse/audit';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Memory } from './memory.ts';
import { reviewed, type ReviewState, UNREVIEWED } from './reviewed.ts';

export interface ReviewerDependencies {
  readonly journal: Pick<AuditJournal, 'append' | 'onAppended' | 'read' | 'status'>;
  readonly memory: Memory<ReviewState>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly scope: Scope;
  /** Called when somebody has reviewed. */
  readonly onReview: () => void;
}

/** Records of the past that are read before others have their turn, and for how long these have it, ms. */
const BATCH = 500;
const PAUSE_MS = 20;
const SAVE_MS = 60_000;
/** How long a review waits until it is seen, and how often it looks, ms. */
const SEEN_MS = 5_000;
const LOOK_MS = 5;
const RETRY_MS = 600_000;

/**
 * Looks at every record of the journal once, as it is kept, and at those of the past that it has not seen. What it finds
 * waits for somebody who acknowledges it; that is a record too, so that everything it knows can be made anew.
 */
export class Reviewer {
  readonly #deps: ReviewerDependencies;
  #state: ReviewState | undefined;
  /** Why it cannot go on for now. */
  #failure: string | undefined;
  #isCatchingUp = false;
  /** The number behind the last record that is durable, as far as it has heard. */
  #heard = 0;
  #saved = 0;

  constructor(deps: ReviewerDependencies) {
    this.#deps = deps;
  }

  /** Begins to look; the end of the scope ends it. */
  start(): void {
    const { journal, scope } = this.#deps;
    scope.onEnd(journal.onAppended((records) => this.#hear(records)));
    this.#goOn().catch(() => {});
  }

  /** What it has seen so far. */
  get state(): ReviewState {
    return this.#state ?? UNREVIEWED;
  }

  /** Records that it has yet to look at. */
  get behind(): number {
    return Math.max(0, this.#deps.journal.status().next_seq - this.state.next);
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * Puts on record that somebody has reviewed; with that it counts. Resolves when the state has it, or soon after where
   * records before it cannot be looked at. Raises what `append` does.
   */
  async review(entry: AuditEntry, scope: Scope): Promise<void> {
    const { seq } = await this.#deps.journal.append(entry, scope);
    if (seq === undefined) return;
    using moment = scope.child({ timeoutMs: SEEN_MS });
    while (this.state.next <= seq && !moment.signal.aborted) await moment.sleep(LOOK_MS).catch(() => {});
    scope.throwIfEnded();
  }

  async #goOn(): Promise<never> {
    const { scope, log } = this.#deps;
    for (;;) {
      let delayMs = SAVE_MS;
      try {
        this.#state ??= (await this.#deps.memory.load()) ?? UNREVIEWED;
        await this.#catchUp();
        await this.#save();
        this.#failure = undefined;
      } catch (error) {
        scope.throwIfEnded();
        this.#failure = error instanceof Error ? error.message : String(error);
        delayMs = RETRY_MS;
        log.error('the records of the audit journal cannot be looked at', { reason: this.#failure });
      }
      await scope.sleep(delayMs);
    }
  }

  /** What it had no part in hearing is read. */
  async #catchUp(): Promise<void> {
    const { journal, scope } = this.#deps;
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    try {
      for (let count = 0; this.state.next < Math.max(this.#heard, journal.status().next_seq); ) {
        const before = this.state.next;
        const heard = this.#heard;
        const from = Math.max(before, journal.status().first_seq);
        for await (const record of journal.read({ from, erased: 'skip' }, scope)) {
          this.#take(record);
          if (++count % BATCH === 0) await scope.sleep(PAUSE_MS);
        }
        // What is not durable yet will be heard of; what was heard meanwhile was not taken.
        if (this.state.next === before && this.#heard === heard) return;
      }
    } finally {
      this.#isCatchingUp = false;
    }
  }

  #hear(records: readonly AuditRecord[]): void {
    this.#heard = (records.at(-1)?.seq ?? -1) + 1;
    // The next turn reads what is heard before it knows where it stands.
    if (this.#state === undefined || this.#isCatchingUp || this.#failure !== undefined) return;
    const next = this.#state.next;
    if ((records[0]?.seq ?? 0) > next) {
      // Something is between: the next turn tries again where that cannot be read.
      this.#catchUp().catch((error: unknown) => {
        this.#failure = error instanceof Error ? error.message : String(error);
      });
      return;
    }
    for (const record of records) if (record.seq >= next) this.#take(record);
  }

  #take(record: AuditRecord): void {
    const before = this.state;
    const next = reviewed(before, record);
    this.#state = next;
    if (next.records !== before.records || next.access !== before.access) this.#deps.onReview();
  }

  async #save(): Promise<void> {
    const { state } = this;
    if (state.next === this.#saved) return;
    await this.#deps.memory.save(state);
    this.#saved = state.next;
  }
}
