import type { EventRecord } from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';

/** Events kept for those who come back. */
const KEPT = 10_000;

/** Facts of one event; JSON, without secrets and without the text of screens. */
export type EventData = Readonly<Record<string, unknown>>;

/** What a watcher that comes back has to be told. */
export interface MissedEvents {
  readonly events: readonly EventRecord[];
  /** Some are no longer kept. */
  readonly hasGap: boolean;
  /** The id that the first of `events` stands behind. */
  readonly behind: string;
}

export interface EventFilter {
  /** Beginnings of types; none for all. */
  readonly types: readonly string[];
  readonly subject?: string;
}

/**
 * All events of the gateway in the order in which they happened, numbered without gaps. The last ones are kept, so that
 * a watcher that lost its connection misses nothing.
 */
export class EventBus {
  readonly #clock: Clock;
  readonly #source: string;
  readonly #kept: EventRecord[] = [];
  readonly #watchers = new Set<(event: EventRecord) => void>();
  #lastId: number;

  constructor(clock: Clock, source = '/roundhouse/gateway') {
    this.#clock = clock;
    this.#source = source;
    // In microseconds: an id of an earlier life of the gateway is then older than all that this one keeps.
    this.#lastId = clock.now() * 1_000;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** `type` without the prefix `roundhouse.`. */
  publish(type: string, subject: string, data: EventData = {}): EventRecord {
    const event: EventRecord = {
      specversion: '1.0',
      id: String(++this.#lastId),
      source: this.#source,
      type: `roundhouse.${type}`,
      subject,
      time: new Date(this.#clock.now()).toISOString(),
      datacontenttype: 'application/json',
      data: { ...data },
    };
    this.#kept.push(event);
    // Half at a time, so that dropping the oldest costs nothing worth naming.
    if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, KEPT);
    for (const watcher of this.#watchers) watcher(event);
    return event;
  }

  /** Calls back for each event from now on. Returns a function that ends it. */
  watch(callback: (event: EventRecord) => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** Of the last event; before the first, one that it will be behind. */
  get lastId(): string {
    return String(this.#lastId);
  }

  /** Whether all events behind an id are kept: not those behind one too old, or of another life of the gateway. */
  keeps(lastId: string): boolean {
    const last = /^\d{1,16}$/.test(lastId) ? Number(lastId) : Number.NaN;
    return last <= this.#lastId && last >= this.#lastId - this.#kept.length;
  }

  /** The events behind `lastId` that are still kept. */
  since(lastId: string): MissedEvents {
    const hasGap = !this.keeps(lastId);
    const oldest = this.#lastId - this.#kept.length;
    const last = hasGap ? oldest : Number(lastId);
    return { events: this.#kept.slice(last - oldest), hasGap, behind: String(last) };
  }
}

export function passes(event: EventRecord, { types, subject }: EventFilter): boolean {
  if (subject !== undefined && event.subject !== subject) return false;
  return types.length === 0 || types.some((type) => event.type.startsWith(type));
}
