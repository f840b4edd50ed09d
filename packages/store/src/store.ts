import type { Scope } from '@roundhouse/core';
import type { DeliveryLog } from './deliveryLog.ts';
import type { EventLog, LoggedEvent } from './eventLog.ts';
import type { Mailbox } from './mailbox.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One resource as it is kept: what was asked for, not what became of it. */
export interface StoredResource {
  readonly kind: string;
  /** Unique within its kind. */
  readonly id: string;
  /** Revision of the store that its last change made. */
  readonly version: number;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly value: JsonObject;
}

/** What has to be true of a resource for a write to happen: a number is the version that it must have. */
export type Expectation = 'any' | 'absent' | 'present' | number;

export type Write =
  | {
      readonly op: 'put';
      readonly kind: string;
      readonly id: string;
      readonly value: JsonObject;
      readonly expect: Expectation;
    }
  | { readonly op: 'delete'; readonly kind: string; readonly id: string; readonly expect: Expectation };

/** Written together or not at all. */
export interface Transaction {
  readonly writes?: readonly Write[];
  readonly events?: readonly LoggedEvent[];
}

export interface Committed {
  /** Of the store after the transaction; as before when it wrote no resource. */
  readonly revision: number;
  /** What each write made, in order; undefined for a delete. */
  readonly resources: ReadonlyArray<StoredResource | undefined>;
}

/** A past change of one resource. */
export interface Change {
  readonly revision: number;
  readonly op: 'put' | 'delete';
  /** As it is after a put; as it was before a delete. */
  readonly resource: StoredResource;
}

export interface ListOptions {
  /** Id that the page begins behind. */
  readonly after?: string;
  /** 1 … 1,000. Default 100. */
  readonly limit?: number;
}

export interface ResourcePage {
  /** By id, in the order of code points. */
  readonly items: readonly StoredResource[];
  /** Id to go on behind; null at the end. */
  readonly next: string | null;
  /** Revision at which the page was read: a watch from here misses nothing. */
  readonly revision: number;
}

export interface WatchOptions {
  /** Only these; default all. */
  readonly kinds?: readonly string[];
  /** Revision behind which to begin. */
  readonly after: number;
}

/** A right that at most one holder has at a time. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Grows with each holder: whoever acts for it shows it, and the older one loses. */
  readonly token: number;
  /** ms since 1970, by the clock of the store. */
  readonly expiresAt: number;
}

/**
 * Where resources, events, deliveries and mail are kept. Each call is one transaction, durable when it resolves: a process
 * killed at any moment afterwards has lost nothing of it. Two transactions never interleave. Revisions grow by one with
 * each transaction that writes a resource.
 *
 * Every method may raise STORE_UNAVAILABLE, and STORE_CLOSED after `close`.
 */
export interface Store extends AsyncDisposable {
  /** Whether what is kept is there for the next process too. */
  readonly isDurable: boolean;
  readonly events: EventLog;
  readonly deliveries: DeliveryLog;
  readonly mailbox: Mailbox;
  get(kind: string, id: string): Promise<StoredResource | undefined>;
  /** Raises ILLEGAL_ARGUMENT for a limit out of range. */
  list(kind: string, options?: ListOptions): Promise<ResourcePage>;
  /** Raises VERSION_CONFLICT (nothing is written) when an expectation does not hold, and what `EventLog.append` does. */
  commit(transaction: Transaction): Promise<Committed>;
  /**
   * Each change behind `after`, once and in order, without end: those that are kept, then those to come, of other
   * processes too. Ends quietly with the scope or with `close`. Raises REVISION_COMPACTED when changes behind `after` are
   * no longer kept: list again, and watch from there.
   */
  watch(options: WatchOptions, scope: Scope): AsyncIterable<Change>;
  revision(): Promise<number>;
  /** Forgets changes up to a revision; resources stay. */
  compact(revision: number): Promise<void>;
  /** Takes a lease that is free, has run out, or is the holder's own (then it is renewed, the token stays). */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  /** Gives a lease back; without effect for one that another holds by now. */
  release(lease: Lease): Promise<void>;
  /** Ends all watches. Idempotent. */
  close(): Promise<void>;
}
