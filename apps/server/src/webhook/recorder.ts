import { type Clock, isRoundhouseError, type Logger, reportUncaught, type Scope } from '@roundhouse/core';
import { exponentialBackoff, type Random, retry } from '@roundhouse/resilience';
import type { AttemptOutcome, DeliveryLog } from '@roundhouse/store';
import { Deque } from '../event/deque.ts';

interface Entry {
  readonly outcome: AttemptOutcome;
  readonly onRecorded: () => void;
}

export interface RecorderDependencies {
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly scope: Scope;
  /** There is room again. */
  readonly onRoom: () => void;
}

const MAX_BATCH = 500;
/** How long outcomes gather, ms: nobody waits for them but the next delivery of the same key, and each write costs. */
const GATHER_MS = 5;
/** Outcomes that may wait; no attempt begins while there are more. */
const MAX_WAITING = 2_000;
/** Attempts to write, in effect without end. */
const ATTEMPTS = 1_000_000;
const RETRY = exponentialBackoff({ initialMs: 50, maxMs: 5_000 });

/** Writes how attempts went, those of all receivers together, and again until the store takes it. */
export class Recorder {
  readonly #deps: RecorderDependencies;
  readonly #entries = new Deque<Entry>();
  readonly #waiters = new Deque<{ readonly upTo: number; readonly resolve: () => void }>();
  /** Outcomes that were added, and that were recorded, ever. */
  #added = 0;
  #recorded = 0;
  #isWriting = false;
  /** Ends the gathering. */
  #hurry: (() => void) | undefined;
  #wasFull = false;

  constructor(deps: RecorderDependencies) {
    this.#deps = deps;
  }

  get isFull(): boolean {
    const isFull = this.#entries.size >= MAX_WAITING;
    this.#wasFull ||= isFull;
    return isFull;
  }

  /** Calls back when the outcome is durable. */
  add(outcome: AttemptOutcome, onRecorded: () => void): void {
    this.#entries.push({ outcome, onRecorded });
    this.#added++;
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#write().catch(reportUncaught);
  }

  /** Resolves when all that was added so far is written. */
  settled(): Promise<void> {
    if (this.#recorded === this.#added) return Promise.resolve();
    this.#hurry?.();
    return new Promise((resolve) => this.#waiters.push({ upTo: this.#added, resolve }));
  }

  async #write(): Promise<void> {
    while (this.#entries.size > 0) {
      if (this.#entries.size < MAX_BATCH && this.#waiters.size === 0) await this.#gather();
      const batch: Entry[] = [];
      while (batch.length < MAX_BATCH && this.#entries.size > 0) batch.push(this.#entries.shift() as Entry);
      if (!(await this.#record(batch.map(({ outcome }) => outcome)))) return;
      for (const { onRecorded } of batch) onRecorded();
      this.#settle(batch.length);
      if (!this.#wasFull || this.isFull) continue;
      this.#wasFull = false;
      this.#deps.onRoom();
    }
    this.#isWriting = false;
  }

  #gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimer(GATHER_MS, () => this.#hurry?.());
      this.#hurry = () => {
        this.#hurry = undefined;
        timer.cancel();
        resolve();
      };
    });
  }

  #settle(count: number): void {
    this.#recorded += count;
    while ((this.#waiters.first?.upTo ?? Infinity) <= this.#recorded) this.#waiters.shift()?.resolve();
  }

  /** False when the scope ended first: those attempts are made again in another life. */
  async #record(outcomes: readonly AttemptOutcome[]): Promise<boolean> {
    const { deliveries, log, scope, random } = this.#deps;
    const isRetryable = (error: unknown): boolean => {
      log.error('attempts can not be recorded', { code: isRoundhouseError(error) ? error.code : 'INTERNAL' });
      return true;
    };
    try {
      const options = { attempts: ATTEMPTS, backoff: RETRY, isRetryable };
      await retry(() => deliveries.record(outcomes), options, scope, { random });
      return true;
    } catch (error) {
      if (!scope.signal.aborted) throw error;
      log.warn('attempts are not recorded', { count: outcomes.length + this.#entries.size });
      return false;
    }
  }
}
