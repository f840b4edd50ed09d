import {
  type Clock,
  createScope,
  isRoundhouseError,
  type Logger,
  reportUncaught,
  type Scope,
  type Timer,
} from '@roundhouse/core';
import { exponentialBackoff, type Random, retry } from '@roundhouse/resilience';
import type { Committed, EventRange, Store, Write } from '@roundhouse/store';
import { Deque } from './deque.ts';
import { eventError } from './errors.ts';
import { RecentEvents } from './recentEvents.ts';
import {
  type EventData,
  type EventDraft,
  fromLogged,
  type JournalEvent,
  makeEvent,
  type PublishOptions,
  toLogged,
} from './record.ts';
import { applyRetention, type RetentionOptions } from './retention.ts';

export interface JournalOptions {
  /** CloudEvents `source`. Default `/roundhouse`. */
  readonly source?: string;
  /** Events in memory for those who come back, from 1. Default 10,000. */
  readonly recent?: number;
  /** Events that may wait for the store, from 10. Default 50,000. */
  readonly maxWaiting?: number;
  readonly retention?: RetentionOptions;
}

export interface JournalDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** An alarm, and its end. */
  readonly onState?: (state: JournalState) => void;
}

export type JournalState =
  | 'ok'
  /** The store takes nothing; events wait, and are tried again. */
  | 'degraded'
  /** Most of the room to wait is taken: the oldest that wait will be lost. */
  | 'overloaded';

/** What a watcher that comes back has to be told. */
export interface MissedEvents {
  readonly events: readonly JournalEvent[];
  /** Some are not in memory: `read` may have them still. */
  readonly hasGap: boolean;
  /** The id that the first of `events` stands behind. */
  readonly behind: string;
}

/** Where a reader goes on, and what it can no longer have. */
export interface Position {
  /** Sequence to read behind. */
  readonly after: number;
  /** Sequences that are kept no more, or null; undefined bounds of an id that this journal never gave are null. */
  readonly missing: { readonly from: number; readonly to: number } | null;
  /** The id is of no event of this journal. */
  readonly isForeign: boolean;
}

interface Waiting {
  /** Counts what was published, from 1. */
  readonly index: number;
  readonly event: JournalEvent;
}

/** Resources and events that are written together. */
interface Transaction {
  readonly index: number;
  readonly writes: readonly Write[];
  readonly drafts: readonly EventDraft[];
  readonly resolve: (result: JournalCommit) => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalCommit extends Committed {
  readonly events: readonly JournalEvent[];
}

interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Events written in one append. */
const MAX_BATCH = 1_000;
/** Events in one answer of `read`. */
const MAX_READ = 1_000;
const TRIM_EVERY_MS = 60_000;
/** How long `close` waits for the store. */
const CLOSE_MS = 5_000;
/** Shares of the room to wait where the state begins and ends. */
const OVERLOADED_ABOVE = 0.8;
const OVERLOADED_UNTIL = 0.5;
/** Attempts to write, in effect without end. */
const ATTEMPTS = 1_000_000;
const RETRY = exponentialBackoff({ initialMs: 50, maxMs: 5_000 });

/** Opens the journal behind the last event of the store. Raises STORE_UNAVAILABLE. */
export async function openEventJournal(options: JournalOptions, deps: JournalDependencies): Promise<EventJournal> {
  return new EventJournal(options, deps, await deps.store.events.range());
}

/**
 * All events in the order in which they happened, numbered without gaps, each told to watchers once it is durable. The
 * journal is the one writer of the store's event log.
 *
 * What is published in one turn of the event loop, or while the store is busy, is one append. A store that fails is tried
 * again for as long as it takes. Only when `maxWaiting` events wait are the oldest of them given up, and an event
 * `events.lost` with their number takes their place; those behind it move up, so an id is final when it is durable.
 */
export class EventJournal implements AsyncDisposable {
  readonly #options: Required<Omit<JournalOptions, 'retention'>> & { readonly retention: RetentionOptions };
  readonly #deps: JournalDependencies;
  readonly #scope: Scope;
  readonly #recent: RecentEvents;
  readonly #watchers = new Set<(event: JournalEvent) => void>();
  readonly #queue = new Deque<Waiting | Transaction>();
  readonly #waiters = new Deque<Waiter>();
  /** Sequence of the oldest event that the store keeps. */
  #first: number;
  /** Events in the queue and on their way to the store. */
  #waiting = 0;
  #published = 0;
  /** Index of the last that is durable or lost. */
  #settled = 0;
  /** Lost since the last `events.lost`. */
  #lost = 0;
  #isWriting = false;
  #isFailing = false;
  #state: JournalState = 'ok';
  #trimming: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: JournalOptions, deps: JournalDependencies, range: EventRange) {
    this.#options = { source: '/roundhouse', recent: 10_000, maxWaiting: 50_000, retention: {}, ...options };
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
    this.#recent = new RecentEvents(this.#options.recent, range.last);
    this.#first = range.first;
    this.#trimLater();
  }

  /** CloudEvents `source` of its events. */
  get source(): string {
    return this.#options.source;
  }

  get state(): JournalState {
    return this.#state;
  }

  /** Events that are not durable yet. */
  get waiting(): number {
    return this.#waiting;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Of the last durable event; `0` before the first. */
  get lastId(): string {
    return String(this.#recent.last);
  }

  /** Takes an event; it is durable, and told, soon. `type` without the prefix `roundhouse.`. Raises EVENT_INVALID. */
  publish(type: string, subject: string, data: EventData = {}, options: PublishOptions = {}): JournalEvent {
    const event = this.#make({ type, subject, data, ...options }, this.#recent.last + this.#waiting + this.#owed + 1);
    if (this.#closing !== undefined) {
      this.#deps.log.warn('event after the journal was closed', { type, subject });
      return event;
    }
    if (this.#waiting >= this.#options.maxWaiting) this.#giveUpOldest();
    this.#queue.push({ index: ++this.#published, event });
    this.#waiting++;
    this.#assess();
    this.#write();
    return event;
  }

  /**
   * Writes resources and the events that tell of it together or not at all, behind all that was published before.
   * Rejects as `Store.commit` does, with EVENTS_OVERLOADED, EVENTS_NOT_STORED and EVENT_INVALID.
   */
  async commit(writes: readonly Write[], drafts: readonly EventDraft[]): Promise<JournalCommit> {
    this.admit();
    if (this.#closing !== undefined) throw eventError('EVENTS_NOT_STORED', { details: { count: drafts.length } });
    for (const draft of drafts) this.#make(draft, 0);
    return await new Promise((resolve, reject) => {
      this.#queue.push({ index: ++this.#published, writes, drafts, resolve, reject });
      this.#waiting += drafts.length;
      this.#write();
    });
  }

  /** For the door of whatever makes events: raises EVENTS_OVERLOADED while there is little room for more. */
  admit(): void {
    if (this.#state === 'overloaded') throw eventError('EVENTS_OVERLOADED', { details: { waiting: this.#waiting } });
  }

  /** Resolves when all that was published so far is durable. Rejects with EVENTS_LOST, EVENTS_NOT_STORED. */
  settled(): Promise<void> {
    if (this.#settled === this.#published) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ index: this.#published, resolve, reject }));
  }

  /** Calls back for each event, in order, once it is durable. Returns a function that ends it. */
  watch(callback: (event: JournalEvent) => void): () => void {
    const watcher = (event: JournalEvent): void => callback(event);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** What the journal keeps: sequences of the oldest (`last + 1` when none is) and the newest durable event. */
  range(): EventRange {
    return { first: Math.min(this.#first, this.#recent.last + 1), last: this.#recent.last };
  }

  /** Where one who has seen the event `lastId` goes on. A foreign id begins with the oldest event that is kept. */
  locate(lastId: string): Position {
    const { first, last } = this.range();
    const seen = /^\d{1,16}$/.test(lastId) ? Number(lastId) : Number.NaN;
    if (!(seen <= last)) return { after: first - 1, missing: null, isForeign: true };
    const isGone = seen < first - 1;
    return {
      after: isGone ? first - 1 : seen,
      missing: isGone ? { from: seen + 1, to: first - 1 } : null,
      isForeign: false,
    };
  }

  /** Up to `limit` (1 … 1,000) events behind a sequence, from memory or the store; those that are kept. */
  async read(after: number, limit = MAX_READ): Promise<readonly JournalEvent[]> {
    const size = Math.min(limit, MAX_READ);
    if (after >= this.#recent.first - 1) return this.#recent.behind(after, size);
    return (await this.#deps.store.events.read({ after, limit: size })).map(fromLogged);
  }

  /** Whether all events behind an id are in memory. */
  keeps(lastId: string): boolean {
    const last = /^\d{1,16}$/.test(lastId) ? Number(lastId) : Number.NaN;
    return last <= this.#recent.last && last >= this.#recent.first - 1;
  }

  /** The events behind `lastId` that are in memory; `read` has the older ones. */
  since(lastId: string): MissedEvents {
    const hasGap = !this.keeps(lastId);
    const behind = hasGap ? this.#recent.first - 1 : Number(lastId);
    return { events: this.#recent.behind(behind), hasGap, behind: String(behind) };
  }

  /** Forgets what is over number and age now; it happens by itself every minute. Raises STORE_UNAVAILABLE. */
  async trim(): Promise<void> {
    const { store, clock } = this.#deps;
    const onTrimmed = (upTo: number): void => {
      this.#first = upTo + 1;
      this.#recent.trim(upTo);
    };
    await applyRetention(store.events, this.#options.retention, { clock, scope: this.#scope, onTrimmed });
  }

  /** Waits up to 5 s until all is durable, then ends. Rejects with EVENTS_NOT_STORED when it is not. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One for an `events.lost` that has no place in the queue yet. */
  get #owed(): number {
    return this.#lost > 0 ? 1 : 0;
  }

  #make(draft: EventDraft, sequence: number): JournalEvent {
    return makeEvent(draft, { sequence, at: this.#deps.clock.now(), source: this.#options.source });
  }

  #write(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    // Behind the I/O of this turn, so that all its events go together.
    setImmediate(() => {
      this.#writeAll().catch((error: unknown) => {
        // Only the end of the scope stops it.
        if (!this.#scope.signal.aborted) reportUncaught(error);
      });
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.size > 0) {
      const head = this.#queue.first;
      if (head !== undefined && 'writes' in head && this.#lost === 0) await this.#writeTransaction(head);
      else await this.#append();
    }
    this.#isWriting = false;
  }

  async #append(): Promise<void> {
    let events: JournalEvent[] = [];
    if (this.#lost > 0) {
      const draft = { type: 'events.lost', subject: 'events', data: { count: this.#lost } };
      events.push(this.#make(draft, 0));
      this.#lost = 0;
      this.#waiting++;
    }
    let index = this.#settled;
    for (let head = this.#queue.first; head !== undefined && 'event' in head; head = this.#queue.first) {
      if (events.length >= MAX_BATCH) break;
      this.#queue.shift();
      events.push(head.event);
      index = head.index;
    }
    const operation = async (): Promise<void> => {
      events = this.#numbered(events);
      try {
        await this.#deps.store.events.append(events.map(toLogged));
      } catch (error) {
        if (!(await this.#isThere(error, events))) throw error;
      }
    };
    const isRetryable = (error: unknown): boolean => {
      this.#failed(error);
      return true;
    };
    await retry(operation, { attempts: ATTEMPTS, backoff: RETRY, isRetryable }, this.#scope, this.#deps);
    this.#done(events, index);
  }

  /** Once only: whether it is still wanted later, its caller alone knows. */
  async #writeTransaction({ index, writes, drafts, resolve, reject }: Transaction): Promise<void> {
    this.#queue.shift();
    const events = this.#numbered(drafts.map((draft) => this.#make(draft, 0)));
    try {
      const committed = await this.#deps.store.commit({ writes, events: events.map(toLogged) });
      this.#done(events, index);
      resolve({ ...committed, events });
    } catch (error) {
      this.#waiting -= events.length;
      this.#settle(index);
      reject(error);
    }
  }

  #numbered(events: readonly JournalEvent[]): JournalEvent[] {
    return events.map((event, offset) => {
      const id = String(this.#recent.last + 1 + offset);
      return event.id === id ? event : { ...event, id };
    });
  }

  /**
   * Whether an append that was refused for its numbers had been written all the same, its answer lost. If not, another
   * has written to the log: the journal goes on behind that.
   */
  async #isThere(error: unknown, events: readonly JournalEvent[]): Promise<boolean> {
    if (!isRoundhouseError(error) || error.code !== 'EVENT_SEQUENCE_CONFLICT') return false;
    const log = this.#deps.store.events;
    const { last } = await log.range();
    const [found] = await log.read({ after: this.#recent.last, limit: 1 });
    const [first] = events;
    const isOwn =
      found !== undefined &&
      first !== undefined &&
      found.type === first.type &&
      found.subject === first.subject &&
      found.at === Date.parse(first.time);
    if (isOwn && last === this.#recent.last + events.length) return true;
    this.#deps.log.error('the event log has another writer', { expected: this.#recent.last, found: last });
    this.#recent.restart(last);
    return false;
  }

  #done(events: readonly JournalEvent[], index: number): void {
    this.#isFailing = false;
    this.#waiting -= events.length;
    for (const event of events) this.#recent.add(event);
    this.#settle(index);
    this.#assess();
    for (const event of events) {
      for (const watcher of this.#watchers) {
        try {
          watcher(event);
        } catch (error) {
          reportUncaught(error);
        }
      }
    }
  }

  #settle(index: number): void {
    this.#settled = index;
    for (
      let waiter = this.#waiters.first;
      waiter !== undefined && waiter.index <= index;
      waiter = this.#waiters.first
    ) {
      this.#waiters.shift();
      waiter.resolve();
    }
  }

  #failed(error: unknown): void {
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    if (!this.#isFailing) this.#deps.log.error('events can not be stored', { code, reason: String(error) });
    this.#isFailing = true;
    this.#assess();
  }

  #giveUpOldest(): void {
    const oldest = this.#queue.shift();
    if (oldest === undefined) return;
    const count = 'event' in oldest ? 1 : oldest.drafts.length;
    this.#waiting -= count;
    // A transaction is refused, not lost: nothing of it has happened.
    if ('event' in oldest) this.#lost += count;
    else oldest.reject(eventError('EVENTS_OVERLOADED', { details: { waiting: this.#waiting } }));
    this.#rejectWaiters(eventError('EVENTS_LOST', { details: { count: this.#lost } }), oldest.index);
  }

  /** Those that wait for `index` or more. */
  #rejectWaiters(error: Error, index: number): void {
    const kept: Waiter[] = [];
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      if (waiter.index < index) kept.push(waiter);
      else waiter.reject(error);
    }
    for (const waiter of kept) this.#waiters.push(waiter);
  }

  #assess(): void {
    const share = this.#waiting / this.#options.maxWaiting;
    const isOverloaded = share > (this.#state === 'overloaded' ? OVERLOADED_UNTIL : OVERLOADED_ABOVE);
    const state = isOverloaded ? 'overloaded' : this.#isFailing ? 'degraded' : 'ok';
    if (state === this.#state) return;
    this.#state = state;
    this.#deps.log.warn('the event journal has another state', { state, waiting: this.#waiting });
    this.#deps.onState?.(state);
  }

  #trimLater(): void {
    this.#trimming = this.#deps.clock.setTimer(TRIM_EVERY_MS, () => {
      this.trim()
        .catch((error: unknown) => {
          if (!this.#scope.signal.aborted) this.#deps.log.warn('old events stay', { reason: String(error) });
        })
        .finally(() => {
          if (this.#closing === undefined) this.#trimLater();
        });
    });
  }

  async #close(): Promise<void> {
    this.#trimming?.cancel();
    const settled = this.settled();
    using patience = this.#scope.child({ what: 'Storing the last events', timeoutMs: CLOSE_MS });
    try {
      await patience.race(settled);
    } catch (cause) {
      const error = eventError('EVENTS_NOT_STORED', { details: { count: this.#waiting }, cause });
      this.#rejectWaiters(error, 0);
      for (let head = this.#queue.shift(); head !== undefined; head = this.#queue.shift()) {
        if ('reject' in head) head.reject(error);
      }
      throw error;
    } finally {
      this.#scope.end();
    }
  }
}
