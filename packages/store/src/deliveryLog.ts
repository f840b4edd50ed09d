import type { JsonObject } from './store.ts';

export type DeliveryStatus =
  /** To be sent, or sent again, at `nextAttemptAt`. */
  | 'pending'
  | 'delivered'
  /** Given up: a dead letter, until it is replayed. */
  | 'dead';

/** One event on its way to one receiver. */
export interface Delivery {
  /** Of the store, growing. */
  readonly id: number;
  readonly receiver: string;
  /** Id of the message, the same in each attempt and replay; receivers tell repetitions by it. */
  readonly messageId: string;
  /** Deliveries of one key go one after another where the receiver wants that; null for none. */
  readonly orderKey: string | null;
  readonly type: string;
  readonly body: JsonObject;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly createdAt: number;
  /** Null unless pending. */
  readonly nextAttemptAt: number | null;
  /** Of the last attempt; null before the first and after a good one. */
  readonly lastError: string | null;
}

export type NewDelivery = Pick<Delivery, 'receiver' | 'messageId' | 'orderKey' | 'type' | 'body'> & {
  readonly nextAttemptAt: number;
};

/** One try, as it went. */
export interface DeliveryAttempt {
  readonly delivery: number;
  /** ms since 1970. */
  readonly at: number;
  readonly elapsedMs: number;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Code of what failed; null when it was taken. */
  readonly error: string | null;
  /** Facts for the reader of the log: address, TLS version, beginning of the answer. JSON, without secrets. */
  readonly facts: JsonObject;
}

/** An attempt and what follows from it. */
export interface AttemptOutcome {
  readonly attempt: DeliveryAttempt;
  readonly status: DeliveryStatus;
  readonly nextAttemptAt: number | null;
}

export interface DeliveryFilter {
  readonly receiver?: string;
  readonly status?: DeliveryStatus;
  /** Created at or after, ms since 1970. */
  readonly since?: number;
  readonly until?: number;
  /** Beginning of the type. */
  readonly type?: string;
}

export interface DeliveryQuery extends DeliveryFilter {
  /** Id that the page, newest first, begins before. */
  readonly before?: number;
  /** 1 … 1,000. */
  readonly limit: number;
}

export interface DeliveryCounts {
  readonly pending: number;
  readonly dead: number;
  /** When the oldest dead letter was made; null without any. */
  readonly oldestDeadAt: number | null;
}

/**
 * What was sent to whom, and what is yet to be. How far the events have been taken over into deliveries is kept with them,
 * in one transaction: whatever happens in between, each event becomes a delivery once.
 */
export interface DeliveryLog {
  /** Sequence of the last event that was taken over for a receiver; undefined for one not known. */
  cursor(receiver: string): Promise<number | undefined>;
  /** Adds deliveries and moves the cursor of each receiver named; a cursor never goes back. */
  enqueue(deliveries: readonly NewDelivery[], cursors: Readonly<Record<string, number>>): Promise<readonly Delivery[]>;
  /** Pending ones of a receiver whose time has come, oldest first. `limit` 1 … 1,000. */
  due(receiver: string, now: number, limit: number): Promise<readonly Delivery[]>;
  /** When the next pending one of a receiver is due, or null. */
  nextDueAt(receiver: string): Promise<number | null>;
  /** Notes attempts; raises nothing for deliveries that are gone. */
  record(outcomes: readonly AttemptOutcome[]): Promise<void>;
  get(id: number): Promise<Delivery | undefined>;
  /** Attempts of one delivery, oldest first. */
  attempts(id: number): Promise<readonly DeliveryAttempt[]>;
  list(query: DeliveryQuery): Promise<readonly Delivery[]>;
  counts(receiver: string): Promise<DeliveryCounts>;
  /** Makes those that are not pending pending again, with attempts counted anew; returns how many. */
  replay(filter: DeliveryFilter & { readonly id?: number }, now: number): Promise<number>;
  /** Forgets what is delivered or dead and older than `before` (ms since 1970); returns how many. */
  purge(before: number): Promise<number>;
  /** Forgets a receiver: its cursor, deliveries and attempts. */
  forget(receiver: string): Promise<void>;
}
