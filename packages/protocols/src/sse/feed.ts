import { netError } from '@roundhouse/net';
import type { ServerEvent } from './event.ts';

export interface EventFeedOptions {
  /** Events that are kept for clients that come again, 0 … 100,000. Default 1,000. */
  readonly history?: number;
  /** Events that may wait for one slow client before it is cut, 1 … 100,000. Default 1,000. */
  readonly maxQueued?: number;
}

/** Events for any number of clients, each at its own pace. */
export interface EventFeed {
  /** Clients that listen. */
  readonly listeners: number;
  /** Gives the event to all; returns its id, which counts up. */
  publish(event: Omit<ServerEvent, 'id'>): string;
  /**
   * The events behind `lastEventId`, then those to come; from now on when it is unknown or forgotten. A client that does
   * not keep up is cut: the iteration fails with WRITE_OVERFLOW, and the client comes again with its last id.
   */
  subscribe(lastEventId?: string): AsyncIterable<ServerEvent>;
  /** Ends all subscriptions. Idempotent. */
  close(): void;
}

/** Raises NET_OPTION_INVALID. */
export function createEventFeed({ history = 1_000, maxQueued = 1_000 }: EventFeedOptions = {}): EventFeed {
  for (const [name, value, from] of [
    ['history', history, 0],
    ['maxQueued', maxQueued, 1],
  ] as const) {
    if (Number.isInteger(value) && value >= from && value <= 100_000) continue;
    const reason = `${name} is ${value}, and must be a whole number from ${from} to 100,000`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  const kept: (ServerEvent & { readonly id: string })[] = [];
  const subscriptions = new Set<Subscription>();
  let last = 0;
  let isClosed = false;
  return {
    get listeners() {
      return subscriptions.size;
    },
    publish(event) {
      last += 1;
      const made = { ...event, id: String(last) };
      kept.push(made);
      if (kept.length > history) kept.shift();
      for (const each of subscriptions) each.push(made);
      return made.id;
    },
    subscribe(lastEventId) {
      const at = kept.findIndex(({ id }) => id === lastEventId);
      const missed = at === -1 ? [] : kept.slice(at + 1);
      const subscription = new Subscription(missed, Math.max(maxQueued, missed.length), () =>
        subscriptions.delete(subscription),
      );
      if (isClosed) subscription.end();
      else subscriptions.add(subscription);
      return subscription;
    },
    close() {
      isClosed = true;
      for (const each of subscriptions) each.end();
    },
  };
}

/** One client's events. It can be iterated once. */
class Subscription implements AsyncIterable<ServerEvent>, AsyncIterator<ServerEvent> {
  readonly #queue: ServerEvent[];
  readonly #maxQueued: number;
  readonly #onOver: () => void;
  #isOver = false;
  #isCut = false;
  #wake: (() => void) | undefined;

  constructor(missed: readonly ServerEvent[], maxQueued: number, onOver: () => void) {
    this.#queue = [...missed];
    this.#maxQueued = maxQueued;
    this.#onOver = onOver;
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerEvent> {
    return this;
  }

  push(event: ServerEvent): void {
    if (this.#queue.length >= this.#maxQueued) {
      this.#isCut = true;
      this.end();
      return;
    }
    this.#queue.push(event);
    this.#wake?.();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<ServerEvent>> {
    for (;;) {
      if (this.#isCut) {
        const details = { max_buffered_bytes: `${this.#maxQueued} events` };
        throw netError('WRITE_OVERFLOW', { protocol: 'sse', phase: 'write', details });
      }
      const event = this.#queue.shift();
      if (event !== undefined) return { done: false, value: event };
      if (this.#isOver) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<ServerEvent>> {
    this.#queue.length = 0;
    this.end();
    return { done: true, value: undefined };
  }
}
