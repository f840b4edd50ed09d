import { type Clock, createScope, type Logger, reportUncaught, type Scope, type Timer } from '@roundhouse/core';
import {
  type Backoff,
  type Breaker,
  type BreakerPermit,
  type BreakerState,
  type Bulkhead,
  type BulkheadPlace,
  createBreaker,
  createBulkhead,
  exponentialBackoff,
  type Random,
  type RateLimit,
} from '@roundhouse/resilience';
import type { Delivery, Store } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { Backlog, type BlockedSubject } from './backlog.ts';
import { type AttemptResult, type ClientDependencies, ReceiverClient } from './client.ts';
import { type Condition, type DisabledReason, readCondition, removeCondition, writeCondition } from './condition.ts';
import type { Settings } from './definition.ts';
import type { Recorder } from './recorder.ts';
import { judge, type Verdict } from './verdict.ts';

export interface ReceiverDependencies extends ClientDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: Store;
  readonly journal: Pick<EventJournal, 'publish' | 'range'>;
  readonly recorder: Recorder;
  /** Attempts a second, for each receiver. */
  readonly rate: RateLimit;
  /** Pending deliveries from which on no more events are taken over. */
  readonly maxPending: number;
  /** It may take events over again. */
  readonly onRoom: () => void;
  readonly onAttempt?: ((webhook: string, result: AttemptResult) => void) | undefined;
  readonly onDisabled?: ((webhook: string, reason: DisabledReason) => void) | undefined;
}

/** How a receiver stands. Times in ms since 1970. */
export interface ReceiverStatus {
  readonly id: string;
  readonly state: 'active' | 'throttled' | 'failing' | 'disabled';
  /** Null when it is not, or when its definition says so. */
  readonly disabled: DisabledReason | null;
  readonly failingSince: number | null;
  readonly breaker: BreakerState;
  readonly inFlight: number;
  readonly pending: number;
  readonly dead: number;
  readonly oldestDeadAt: number | null;
  /** Durable events that are not taken over yet. */
  readonly lag: number;
  readonly blocked: readonly BlockedSubject[];
}

/** A receiver that fails so long is disabled. Standard Webhooks 1.0 leaves it open; others of the trade take 5 days. */
const DISABLE_AFTER_MS = 5 * 86_400_000;
/** A receiver that fails is noted in the store after so long: short troubles cost no write. */
const NOTE_AFTER_MS = 3_600_000;
/** Between looks for what the store has and memory has not. */
const LOAD_EVERY_MS = 1_000;
const LOAD_LIMIT = 1_000;
/** Later than any time of an attempt. */
const END_OF_TIME = 8_640_000_000_000_000;
/** How much of the room must be free again before events are taken over. */
const ROOM_SHARE = 0.9;
const TRIP = { by: 'consecutive', failures: 5 } as const;
const OPEN_TIME = exponentialBackoff({ initialMs: 5_000, maxMs: 60_000, jitter: 'none' });
const PAUSE = exponentialBackoff({ initialMs: 1_000, maxMs: 60_000, jitter: 'none' });
/** The longest that a receiver is left alone because it asked for it; single deliveries wait longer. */
const MAX_PAUSE_MS = 3_600_000;

/** Reads where a receiver stands and makes it ready; it sends from `start` on. Raises STORE_UNAVAILABLE. */
export async function openReceiver(settings: Settings, deps: ReceiverDependencies): Promise<Receiver> {
  const { store, journal } = deps;
  const { id, url } = settings;
  let cursor = await store.deliveries.cursor(id);
  if (cursor === undefined) {
    cursor = journal.range().last;
    await store.deliveries.enqueue([], { [id]: cursor });
  }
  const { pending } = await store.deliveries.counts(id);
  return new Receiver(settings, deps, { cursor, pending, condition: await readCondition(store, id, url.href) });
}

/**
 * Delivers to one receiver, at its own pace: nothing of what it does or leaves undone holds up another. Deliveries live
 * in the store; memory has those that are near their time.
 */
export class Receiver {
  readonly #settings: Settings;
  readonly #deps: ReceiverDependencies;
  readonly #scope: Scope;
  readonly #client: ReceiverClient;
  readonly #backlog: Backlog;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: Breaker;
  readonly #inFlight = new Set<Promise<void>>();
  #cursor: number;
  #pending: number;
  /** Counts changes of `#pending`. */
  #changes = 0;
  #condition: Condition;
  /** What the store was last told. */
  #noted: Condition;
  #isRunning = false;
  #timer: Timer | undefined;
  /** Monotonic time of the timer. */
  #wakeAt = Infinity;
  #pause: Backoff = PAUSE;
  /** Monotonic. */
  #pausedUntil = 0;
  /** Settled while the store was asked: its answer may be older. Undefined while it is not asked. */
  #settledMeanwhile: Set<number> | undefined;
  /** Monotonic time before which the store is not asked again. */
  #loadAt = 0;

  constructor(
    settings: Settings,
    deps: ReceiverDependencies,
    { cursor, pending, condition }: { cursor: number; pending: number; condition: Condition },
  ) {
    const { id, maxParallel, isOrdered } = settings;
    const what = `Webhook ${id}`;
    this.#settings = settings;
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
    this.#client = new ReceiverClient(settings, deps);
    this.#backlog = new Backlog(isOrdered);
    this.#bulkhead = createBulkhead({ limit: maxParallel, what });
    this.#breaker = createBreaker({ trip: TRIP, openTime: OPEN_TIME, what }, deps);
    this.#cursor = cursor;
    this.#pending = pending;
    this.#condition = condition;
    this.#noted = condition;
  }

  get id(): string {
    return this.#settings.id;
  }

  /** Sequence of the last event that was taken over. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Whether events may be taken over: one that is disabled lets them pass. */
  get hasRoom(): boolean {
    return this.isDisabled || this.#pending < this.#deps.maxPending;
  }

  get isDisabled(): boolean {
    return this.#settings.isDisabled || this.#condition.disabled !== null;
  }

  /** Why it is disabled, in words. */
  get disabledReason(): string {
    return this.#condition.disabled ?? 'its definition says so';
  }

  wants(event: JournalEvent): boolean {
    return !this.isDisabled && this.#settings.wants(event);
  }

  start(): void {
    this.#isRunning = true;
    this.#pump();
  }

  /** Takes deliveries that the store has, with the cursor that it has. */
  accept(deliveries: readonly Delivery[], cursor: number): void {
    this.#cursor = Math.max(this.#cursor, cursor);
    // Behind others that are in the store alone these would be out of order.
    const mayAdd = !this.#settings.isOrdered || this.#unloaded === 0;
    this.#pending += deliveries.length;
    this.#changes++;
    if (mayAdd) this.#backlog.add(deliveries, this.#deps.clock.now());
    this.#pump();
  }

  /** Asks the store where it stands: after a call whose answer was lost, and after a replay. */
  async resync(): Promise<void> {
    const { deliveries } = this.#deps.store;
    this.#cursor = Math.max(this.#cursor, (await deliveries.cursor(this.id)) ?? 0);
    const { pending } = await deliveries.counts(this.id);
    // What happened meanwhile may be in it or not. Too many is found out by looking for them, too few is not.
    this.#pending = Math.max(this.#pending, pending);
    this.#loadAt = 0;
    this.#pump();
  }

  /** Lifts what was imposed on it. Raises STORE_UNAVAILABLE. */
  async enable(): Promise<void> {
    this.#condition = { failingSince: null, disabled: null, url: this.#settings.url.href };
    await removeCondition(this.#deps.store, this.id);
    this.#noted = this.#condition;
    this.#pump();
  }

  /** Goes on at once, as far as it waited for others. */
  wake(): void {
    this.#pump();
  }

  async status(): Promise<ReceiverStatus> {
    const { dead, oldestDeadAt } = await this.#deps.store.deliveries.counts(this.id);
    const { failingSince, disabled } = this.#condition;
    return {
      id: this.id,
      state: this.#state,
      disabled,
      failingSince,
      breaker: this.#breaker.state,
      inFlight: this.#bulkhead.inside,
      pending: this.#pending,
      dead,
      oldestDeadAt,
      lag: Math.max(this.#deps.journal.range().last - this.#cursor, 0),
      blocked: this.#backlog.blocked(),
    };
  }

  /** Begins no attempt any more, gives those on their way `graceMs`, and cuts them then: they are made again later. */
  async stop(graceMs: number): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#inFlight.size > 0 && graceMs > 0) {
      using patience = this.#scope.child({ what: 'The last attempts', timeoutMs: graceMs });
      await patience.race(Promise.all(this.#inFlight)).catch(() => {});
    }
    this.#scope.end();
    await this.#client.close();
  }

  get #state(): ReceiverStatus['state'] {
    if (this.isDisabled) return 'disabled';
    if (this.#condition.failingSince !== null) return 'failing';
    return this.#pauseMs > 0 ? 'throttled' : 'active';
  }

  get #pauseMs(): number {
    return Math.max(this.#pausedUntil - this.#deps.clock.monotonic(), 0);
  }

  /** Deliveries that the store alone has. */
  get #unloaded(): number {
    return Math.max(this.#pending - this.#backlog.size, 0);
  }

  /** Begins as many attempts as may begin now, and sees to it that it is called when more may. */
  #pump(): void {
    const { clock, recorder, rate } = this.#deps;
    while (this.#isRunning && !this.isDisabled && this.#bulkhead.inside < this.#settings.maxParallel) {
      // Whoever has it full, or all places taken, calls when that is over.
      if (recorder.isFull) return;
      const pauseMs = this.#pauseMs;
      if (pauseMs > 0) return this.#wakeIn(pauseMs);
      const now = clock.now();
      if (!this.#backlog.hasReady(now)) return this.#rest(now);
      const permit = this.#breaker.tryAcquire();
      if (permit === undefined) return this.#wakeIn(this.#breaker.retryAfterMs);
      const { isAllowed, retryAfterMs } = rate.tryTake(this.id);
      const place = isAllowed ? this.#bulkhead.tryEnter() : undefined;
      const delivery = place === undefined ? undefined : this.#backlog.take(now);
      if (place === undefined || delivery === undefined) {
        permit.cancelled();
        place?.leave();
        return this.#wakeIn(retryAfterMs);
      }
      this.#begin(delivery, permit, place);
    }
  }

  #rest(now: number): void {
    const { clock } = this.#deps;
    if (this.#unloaded > 0 && this.#backlog.hasRoom && this.#settledMeanwhile === undefined) {
      const waitMs = this.#loadAt - clock.monotonic();
      if (waitMs > 0) this.#wakeIn(waitMs);
      else void this.#load();
    }
    const { nextAt } = this.#backlog;
    if (nextAt !== Infinity) this.#wakeIn(nextAt - now);
  }

  #wakeIn(delayMs: number): void {
    // Zero: a canary is out, and its end calls.
    if (delayMs <= 0) return;
    const { clock } = this.#deps;
    const at = clock.monotonic() + delayMs;
    if (this.#timer !== undefined && this.#wakeAt <= at) return;
    this.#timer?.cancel();
    this.#wakeAt = at;
    // Whole ms, because a timer drops fractions and would call too early.
    this.#timer = clock.setTimer(Math.ceil(delayMs), () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  async #load(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const settled = new Set<number>();
    this.#settledMeanwhile = settled;
    // With order the oldest come first, whenever they are due: they hold up those behind them.
    const until = this.#settings.isOrdered ? END_OF_TIME : clock.now();
    let added = 0;
    try {
      const found = await store.deliveries.due(this.id, until, LOAD_LIMIT);
      const unsettled = found.filter(({ id }) => !settled.has(id));
      added = this.#backlog.add(unsettled, clock.now());
      if (added === 0) await this.#count();
    } catch (error) {
      log.warn('deliveries can not be read', { webhook: this.id, reason: String(error) });
    }
    this.#settledMeanwhile = undefined;
    if (added === 0) this.#loadAt = clock.monotonic() + LOAD_EVERY_MS;
    this.#pump();
  }

  /** Counts anew what is pending, unless that changes meanwhile. */
  async #count(): Promise<void> {
    const before = this.#changes;
    const { pending } = await this.#deps.store.deliveries.counts(this.id);
    if (before === this.#changes) this.#pending = pending;
  }

  #begin(delivery: Delivery, permit: BreakerPermit, place: BulkheadPlace): void {
    const attempt = this.#attempt(delivery, permit)
      .catch(reportUncaught)
      .finally(() => {
        place.leave();
        this.#inFlight.delete(attempt);
        this.#pump();
      });
    this.#inFlight.add(attempt);
  }

  async #attempt(delivery: Delivery, permit: BreakerPermit): Promise<void> {
    using _permit = permit;
    const { random, clock, recorder, onAttempt } = this.#deps;
    let result: AttemptResult;
    try {
      result = await this.#client.send(delivery, this.#scope);
    } catch (error) {
      if (this.#scope.signal.aborted) return;
      throw error;
    }
    const verdict = judge(result, delivery.attempts + 1, random);
    if (verdict.isReceiverDown) permit.failed();
    else permit.succeeded();
    onAttempt?.(this.id, result);
    this.#spare(verdict, result);
    this.#assess(verdict);
    const { at, elapsedMs, status, error, facts } = result;
    const nextAttemptAt = verdict.delayMs === null ? null : Math.ceil(clock.now() + verdict.delayMs);
    const attempt = { delivery: delivery.id, at, elapsedMs, status, error, facts };
    recorder.add({ attempt, status: verdict.status, nextAttemptAt }, () =>
      this.#recorded(delivery, result, nextAttemptAt),
    );
  }

  #recorded(delivery: Delivery, { error, status }: AttemptResult, nextAttemptAt: number | null): void {
    const { clock, journal, maxPending, onRoom } = this.#deps;
    this.#settledMeanwhile?.add(delivery.id);
    this.#backlog.settle(delivery, nextAttemptAt, clock.now());
    if (nextAttemptAt === null) {
      const hadRoom = this.#pending < maxPending * ROOM_SHARE;
      this.#pending = Math.max(this.#pending - 1, 0);
      this.#changes++;
      if (!hadRoom && this.#pending < maxPending * ROOM_SHARE) onRoom();
      // Of a dead letter about a dead letter nothing is told: two dead receivers would tell each other for ever.
      if (error !== null && delivery.type !== 'roundhouse.webhook.delivery_failed') {
        journal.publish('webhook.delivery_failed', this.id, {
          delivery_id: delivery.id,
          message_id: delivery.messageId,
          type: delivery.type,
          attempts: delivery.attempts + 1,
          code: error,
          status,
        });
      }
    }
    this.#pump();
  }

  /** Leaves a receiver alone that has too much to do. */
  #spare({ isOverloaded, status }: Verdict, { retryAfterMs }: AttemptResult): void {
    if (status === 'delivered') this.#pause = PAUSE;
    // What was on its way when it began says nothing new.
    if (!isOverloaded || this.#pauseMs > 0) return;
    const step = this.#pause.next(this.#deps.random);
    this.#pause = step;
    this.#pausedUntil = this.#deps.clock.monotonic() + Math.min(retryAfterMs ?? step.delayMs, MAX_PAUSE_MS);
  }

  #assess({ status, isGone }: Verdict): void {
    const now = this.#deps.clock.now();
    if (isGone) return this.#disable('gone');
    if (status === 'delivered') {
      if (this.#condition.failingSince === null) return;
      this.#condition = { ...this.#condition, failingSince: null };
      if (this.#noted.failingSince !== null) this.#note();
      return;
    }
    const failingSince = this.#condition.failingSince ?? now;
    this.#condition = { ...this.#condition, failingSince };
    if (now - failingSince >= DISABLE_AFTER_MS) this.#disable('failing');
    else if (now - failingSince >= NOTE_AFTER_MS && this.#noted.failingSince === null) this.#note();
  }

  #disable(reason: DisabledReason): void {
    if (this.isDisabled) return;
    const { journal, log, onDisabled } = this.#deps;
    const { failingSince } = this.#condition;
    this.#condition = { ...this.#condition, disabled: reason };
    this.#note();
    log.warn('webhook disabled', { webhook: this.id, reason });
    journal.publish('webhook.disabled', this.id, {
      reason,
      failing_since: failingSince === null ? null : new Date(failingSince).toISOString(),
    });
    onDisabled?.(this.id, reason);
  }

  /** Tells the store; should that fail, the next life finds out anew. */
  #note(): void {
    const condition = this.#condition;
    this.#noted = condition;
    const { store, log } = this.#deps;
    writeCondition(store, this.id, condition).catch((error: unknown) => {
      log.warn('the condition of a webhook is not stored', { webhook: this.id, reason: String(error) });
    });
  }
}
