import type { Unsubscribe } from '@roundhouse/core';
import type { DeliveryCounts, DeliveryFilter, DeliveryQuery } from './deliveryLog.ts';
import type { EventRange } from './eventLog.ts';
import type { MailboxFigures } from './mailbox.ts';
import type {
  AttemptRow,
  ChangeRow,
  DeliveryRow,
  EventRow,
  MailRow,
  NewDeliveryRow,
  OutcomeRow,
  ResourceRow,
  TransactionRows,
} from './rows.ts';
import type { Lease } from './store.ts';

/**
 * What keeps the rows. The store in front of it checks arguments, refuses after `close` and turns rows into what callers
 * see; so all back ends agree in that. Each method is one transaction, but those that forget, purge or replay many rows may go
 * in several steps, each of which leaves what the contract promises.
 */
export interface Backend {
  /** Whether rows outlive the process. */
  readonly isDurable: boolean;
  readonly events: EventTable;
  readonly deliveries: DeliveryTable;
  readonly mailbox: MailTable;
  get(kind: string, id: string): Promise<ResourceRow | undefined>;
  /** Rows behind an id, and the revision at which they were read. */
  list(kind: string, after: string | undefined, limit: number): Promise<RowPage>;
  commit(transaction: TransactionRows): Promise<CommittedRows>;
  /** Changes behind a place, all read at one revision. */
  changes(after: ChangePlace, limit: number): Promise<ChangePage>;
  /** Calls back after each revision that others may see, of any process. */
  onAdvance(callback: () => void): Unsubscribe;
  revision(): Promise<number>;
  compact(revision: number): Promise<void>;
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
  /** Finishes what was begun. Called once. */
  close(): Promise<void>;
}

export interface RowPage {
  readonly rows: readonly ResourceRow[];
  readonly revision: number;
}

export interface CommittedRows {
  readonly revision: number;
  readonly rows: ReadonlyArray<ResourceRow | undefined>;
}

/** A place in the order of changes. */
export interface ChangePlace {
  readonly revision: number;
  /** `END_OF_REVISION` when the whole transaction lies before. */
  readonly ordinal: number;
}

/** Greater than the ordinal of any change. */
export const END_OF_REVISION = 2 ** 31 - 1;

export interface ChangePage {
  readonly changes: readonly ChangeRow[];
  readonly revision: number;
  /** Changes up to this revision are forgotten. */
  readonly compacted: number;
}

export interface EventTable {
  read(after: number, limit: number): Promise<readonly EventRow[]>;
  range(): Promise<EventRange>;
  trim(upTo: number): Promise<number>;
}

export type ReplayFilter = DeliveryFilter & { readonly id?: number };

export interface DeliveryTable {
  cursor(receiver: string): Promise<number | undefined>;
  enqueue(deliveries: readonly NewDeliveryRow[], cursors: ReadonlyMap<string, number>): Promise<readonly DeliveryRow[]>;
  due(receiver: string, now: number, limit: number): Promise<readonly DeliveryRow[]>;
  nextDueAt(receiver: string): Promise<number | null>;
  record(outcomes: readonly OutcomeRow[]): Promise<void>;
  get(id: number): Promise<DeliveryRow | undefined>;
  attempts(id: number): Promise<readonly AttemptRow[]>;
  list(query: DeliveryQuery): Promise<readonly DeliveryRow[]>;
  counts(receiver: string): Promise<DeliveryCounts>;
  replay(filter: ReplayFilter, now: number): Promise<number>;
  purge(before: number): Promise<number>;
  forget(receiver: string): Promise<void>;
}

export interface MailTable {
  write(id: string, piece: number, bytes: Uint8Array): Promise<void>;
  keep(id: string, json: string): Promise<MailRow>;
  isPending(id: string): Promise<boolean>;
  get(id: string): Promise<MailRow | undefined>;
  read(id: string, piece: number): Promise<Uint8Array | undefined>;
  list(before: number, limit: number): Promise<readonly MailRow[]>;
  figures(): Promise<MailboxFigures>;
  remove(id: string): Promise<boolean>;
  purge(before: number): Promise<number>;
  sweep(before: number): Promise<number>;
}
