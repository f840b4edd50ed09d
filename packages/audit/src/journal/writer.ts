import type { Clock, Logger, RoundhouseError, Scope, Timer } from '@roundhouse/core';
import { type BackoffStep, exponentialBackoff, type Random } from '@roundhouse/resilience';
import { auditError } from '../errors.ts';
import type { Draft } from '../record/draft.ts';
import type { SegmentLog, Written } from '../segment/log.ts';
import type { ClassPolicy, Receipt } from './contract.ts';
import type { Settings } from './options.ts';
import { type Pending, PendingRecords } from './pending.ts';
import type { Serial } from './serial.ts';

/** What came of the time in which nothing could be written. */
export interface Outage {
  readonly since: number;
  readonly reason: string;
  refused: number;
  degraded: number;
}

export interface WriterDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly segments: SegmentLog;
  readonly serial: Serial;
  /** Durable, and nobody has heard of it yet. */
  readonly onWritten: (drafts: readonly Draft[], written: Written) => void;
  /** Records of the writer's own: what was lost, that it could not write. */
  readonly lostDraft: (count: number, since: number) => Draft;
  readonly resumedDraft: (outage: Outage) => Draft;
}

/** Most of one write: beyond it the buffer is more than the disk takes at once. */
const BATCH_RECORDS = 4_096;
const BATCH_CHARACTERS = 4_194_304;
/** How long records wait that nobody waits for. */
const ASYNC_DELAY_MS = 50;
const RETRY = { initialMs: 100, maxMs: 5_000, jitter: 'none' } as const;

interface Outlook {
  readonly outage: Outage;
  backoff: BackoffStep;
  timer: Timer | undefined;
}

/** Takes records in, writes them in groups, and tells their callers what their class asks for. */
export class Writer {
  readonly #settings: Settings;
  readonly #deps: WriterDependencies;
  readonly #pending = new PendingRecords();
  /** Callers that wait for room, in order. */
  readonly #room = new Set<() => void>();
  #isRunning = false;
  #isClosed = false;
  #timer: { readonly timer: Timer; readonly dueAt: number } | undefined;
  #isTimeUp = false;
  /** Records of the last group: whoever was in it is mostly back for the next. */
  #lastGroup = 1;
  /** While nothing can be written. */
  #outlook: Outlook | undefined;
  #lost = { count: 0, since: 0 };
  #lostTotal = 0;
  #refusedTotal = 0;
  /** Who waits until nothing is pending, or nothing can be written. */
  #idle: (() => void)[] = [];

  constructor(settings: Settings, deps: WriterDependencies) {
    this.#settings = settings;
    this.#deps = deps;
  }

  get outage(): Outage | undefined {
    return this.#outlook?.outage;
  }

  get buffered(): number {
    return this.#pending.length;
  }

  get waiting(): number {
    return this.#room.size;
  }

  get lost(): number {
    return this.#lostTotal;
  }

  get refused(): number {
    return this.#refusedTotal;
  }

  /** Raises AUDIT_UNAVAILABLE, AUDIT_BUSY, AUDIT_CLOSED, and the reason of the scope. */
  async append(draft: Draft, policy: ClassPolicy, scope?: Scope): Promise<Receipt> {
    const { whenUnavailable, durability } = policy;
    while (this.#isFull()) {
      if (whenUnavailable === 'degrade') return this.#lose(draft);
      if (whenUnavailable === 'refuse' || this.#room.size >= this.#settings.buffer.waiting) throw this.#busy();
      await this.#forRoom(scope);
    }
    if (this.#isClosed) throw auditError('AUDIT_CLOSED');
    const { outage } = this;
    if (outage !== undefined && whenUnavailable === 'refuse') {
      outage.refused++;
      this.#refusedTotal++;
      throw this.#unavailable();
    }
    if (outage !== undefined && whenUnavailable === 'degrade') {
      outage.degraded++;
      this.#push({ draft, durability, whenUnavailable, caller: undefined });
      return { id: draft.id, durable: false, degraded: true };
    }
    if (durability === 'async') {
      this.#push({ draft, durability, whenUnavailable, caller: undefined });
      return { id: draft.id, durable: false };
    }
    const receipt = new Promise<Receipt>((resolve, reject) => {
      this.#push({ draft, durability, whenUnavailable, caller: { resolve, reject } });
    });
    return scope === undefined ? receipt : scope.race(receipt);
  }

  /** Without waiting; what finds no room is lost. */
  record(draft: Draft, policy: ClassPolicy): void {
    if (this.#isFull() || this.#isClosed) this.#lose(draft);
    else this.#push({ draft, durability: policy.durability, whenUnavailable: 'degrade', caller: undefined });
  }

  /** A record of the journal itself: durable when it resolves, but while nothing can be written. */
  own(draft: Draft): Promise<Receipt> {
    if (this.#isClosed) return Promise.resolve(this.#lose(draft));
    if (this.#outlook !== undefined) {
      this.#push({ draft, durability: 'strict', whenUnavailable: 'degrade', caller: undefined });
      return Promise.resolve({ id: draft.id, durable: false, degraded: true });
    }
    return new Promise((resolve, reject) => {
      this.#push({ draft, durability: 'strict', whenUnavailable: 'degrade', caller: { resolve, reject } });
    });
  }

  /** Takes no more; resolves when all is written, or nothing can be. Raises nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#room) wake();
    this.#isTimeUp = true;
    this.#kick();
    if (this.#isRunning) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#timer?.timer.cancel();
    this.#outlook?.timer?.cancel();
    if (this.#pending.length === 0) return;
    this.#deps.log.error('audit records could not be written before the journal closed', { records: this.buffered });
    const error = this.#outlook === undefined ? auditError('AUDIT_CLOSED') : this.#unavailable();
    this.#pending.retain(({ caller }) => {
      caller?.reject(error);
      return false;
    });
  }

  #isFull(): boolean {
    return this.#pending.length >= this.#settings.buffer.records && !this.#isClosed;
  }

  #lose(draft: Draft): Receipt {
    if (this.#lost.count === 0) this.#lost.since = this.#deps.clock.now();
    this.#lost.count++;
    this.#lostTotal++;
    return { id: draft.id, durable: false, degraded: true };
  }

  #forRoom(scope: Scope | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let leave: (() => void) | undefined;
      const wake = (): void => {
        this.#room.delete(wake);
        leave?.();
        resolve();
      };
      this.#room.add(wake);
      leave = scope?.onEnd((reason) => {
        this.#room.delete(wake);
        reject(reason);
      });
    });
  }

  #push(pending: Pending): void {
    this.#pending.push(pending);
    if (this.#outlook === undefined) this.#kick();
  }

  #kick(): void {
    if (this.#isRunning || this.#pending.length === 0) return;
    if (!this.#isDue()) return this.#wait();
    this.#isRunning = true;
    void this.#run();
  }

  #isDue(): boolean {
    const { hasUrgent, hasGrouped, length } = this.#pending;
    if (this.#isTimeUp || hasUrgent || length >= this.#settings.group.records) return true;
    // To wait for more than came the last time is mostly in vain.
    return hasGrouped && length >= this.#lastGroup;
  }

  /** Until the group is old enough. */
  #wait(): void {
    const { clock } = this.#deps;
    const delayMs = this.#pending.hasGrouped ? this.#settings.group.delayMs : ASYNC_DELAY_MS;
    const dueAt = clock.monotonic() + delayMs;
    if (this.#timer !== undefined && this.#timer.dueAt <= dueAt) return;
    this.#timer?.timer.cancel();
    const timer = clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#isTimeUp = true;
      this.#kick();
    });
    this.#timer = { timer, dueAt };
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 && (this.#isDue() || this.#isClosed) && this.#outlook === undefined) {
      this.#isTimeUp = false;
      this.#timer?.timer.cancel();
      this.#timer = undefined;
      await this.#deps.serial.run(() => this.#commit());
    }
    this.#isRunning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#outlook === undefined) this.#kick();
  }

  async #commit(): Promise<void> {
    this.#tellLost();
    const batch = this.#pending.first(BATCH_RECORDS, BATCH_CHARACTERS);
    const drafts = batch.map(({ draft }) => draft);
    let written: Written;
    try {
      written = await this.#write(drafts);
    } catch (error) {
      this.#stop(error);
      return;
    }
    this.#pending.shift(batch.length);
    this.#lastGroup = batch.length;
    this.#deps.onWritten(drafts, written);
    for (const [index, { caller, draft }] of batch.entries()) {
      caller?.resolve({ id: draft.id, seq: written.firstSeq + index, durable: true });
    }
    // Each of them looks again whether there is room.
    if (this.#room.size > 0) for (const wake of [...this.#room].slice(0, batch.length)) wake();
  }

  /** Once more in a new segment: a fault of one file need not be one of the disk. */
  async #write(drafts: readonly Draft[]): Promise<Written> {
    try {
      return await this.#deps.segments.append(drafts);
    } catch (error) {
      this.#deps.log.warn('an audit segment could not be written', { reason: reasonOf(error) });
      return await this.#deps.segments.append(drafts);
    }
  }

  #tellLost(): void {
    const { count, since } = this.#lost;
    if (count === 0) return;
    this.#lost = { count: 0, since: 0 };
    const draft = this.#deps.lostDraft(count, since);
    this.#pending.push({ draft, durability: 'group', whenUnavailable: 'degrade', caller: undefined });
  }

  /** Nothing can be written: those that wait are told what their class asks for. */
  #stop(error: unknown): void {
    const { clock, log } = this.#deps;
    const outage: Outage = { since: clock.now(), reason: reasonOf(error), refused: 0, degraded: 0 };
    this.#outlook = { outage, backoff: exponentialBackoff(RETRY).next(this.#deps.random), timer: undefined };
    log.error('the audit journal cannot be written', { reason: outage.reason });
    this.#pending.retain((pending) => {
      const { caller, whenUnavailable, draft } = pending;
      if (whenUnavailable === 'refuse' && caller !== undefined) {
        outage.refused++;
        this.#refusedTotal++;
        caller.reject(this.#unavailable());
        return false;
      }
      if (whenUnavailable === 'degrade' && caller !== undefined) {
        outage.degraded++;
        caller.resolve({ id: draft.id, durable: false, degraded: true });
        pending.caller = undefined;
      }
      return true;
    });
    for (const wake of this.#room) wake();
    this.#retryLater();
  }

  #retryLater(): void {
    const outlook = this.#outlook;
    if (outlook === undefined || this.#isClosed) return;
    outlook.timer = this.#deps.clock.setTimer(outlook.backoff.delayMs, () => {
      outlook.timer = undefined;
      outlook.backoff = outlook.backoff.next(this.#deps.random);
      void this.#deps.serial.run(() => this.#retry(outlook.outage));
    });
  }

  async #retry(outage: Outage): Promise<void> {
    if (this.#isClosed) return;
    const draft = this.#deps.resumedDraft(outage);
    try {
      const written = await this.#deps.segments.append([draft]);
      this.#deps.onWritten([draft], written);
    } catch (error) {
      this.#deps.log.debug('the audit journal still cannot be written', { reason: reasonOf(error) });
      this.#retryLater();
      return;
    }
    this.#deps.log.info('the audit journal can be written again', { reason: outage.reason });
    this.#outlook = undefined;
    this.#isTimeUp = true;
    this.#kick();
  }

  #unavailable(): RoundhouseError {
    const { outage, backoff } = this.#outlook as Outlook;
    const retry_after_ms = Math.ceil(backoff.delayMs);
    return auditError('AUDIT_UNAVAILABLE', { details: { reason: outage.reason, retry_after_ms } });
  }

  #busy(): RoundhouseError {
    this.#refusedTotal++;
    if (this.#outlook !== undefined) return this.#unavailable();
    return auditError('AUDIT_BUSY', { details: { waiting: this.#pending.length + this.#room.size } });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
