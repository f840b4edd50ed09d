import type { Clock, Logger, Scope, Secret } from '@roundhouse/core';
import type { AuditJournal } from '../journal/contract.ts';
import type { AuditClass, AuditEntry, AuditRecord } from '../record/entry.ts';

/** What records are wanted: those of which all that is given is so. */
export interface AuditQuery {
  /** ms since 1970: not before. */
  readonly since?: number;
  /** ms since 1970: before. */
  readonly until?: number;
  readonly class?: AuditClass;
  readonly code?: string;
  /** An action, or its beginning up to a dot: `session` has `session.create`. */
  readonly action?: string;
  readonly session?: string;
  /** Who did it, or for whom it was done. */
  readonly user?: string;
  readonly host?: string;
  readonly outcome?: AuditEntry['outcome'];
  readonly resourceKind?: string;
  readonly resourceId?: string;
  readonly request?: string;
  /**
   * Words that all stand in the record, in any order and case, with or without accents; "in quotes" as a phrase; with `*`
   * behind at least three letters for words that begin so. Nothing else has a meaning.
   */
  readonly text?: string;
}

export type AuditOrder = 'newest' | 'oldest';

export interface AuditPageQuery extends AuditQuery {
  /** By number. Default `newest`. */
  readonly order?: AuditOrder;
  /** 1 … 1,000, default 100. */
  readonly limit?: number;
  /** The number that the page goes on behind, in its order. */
  readonly after?: number;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Number of the last record, where more come behind it. */
  readonly next: number | undefined;
  /** Records of the journal that were not in the index yet. */
  readonly behind: number;
}

/** `building`: many records are not in it yet. `failed`: it is tried again. */
export type IndexState = 'current' | 'building' | 'failed' | 'closed';

export interface IndexStatus {
  readonly state: IndexState;
  /** Why the last attempt failed. */
  readonly reason?: string;
  /** The number behind the last record that is in it, and that of the journal. */
  readonly next_seq: number;
  readonly journal_next_seq: number;
  readonly behind: number;
  /** For how long there has been something that is not in it, ms. */
  readonly lag_ms: number;
  /** Records since this opening that cannot be read, because of damage: they are not in it. */
  readonly skipped: number;
  /** Of the file, without what is on its way into it. */
  readonly bytes: number;
}

export interface IndexProgress {
  readonly done: number;
  readonly total: number;
}

export type ExportFormat = 'jsonl' | 'csv';

/**
 * Finds records. It is made of the journal and of nothing else, may be deleted at any time, and vouches for nothing: what
 * counts is in the journal.
 */
export interface SearchIndex extends AsyncDisposable {
  /**
   * A page by number. What was durable before the call is in it, unless the index is building. Raises AUDIT_QUERY_INVALID,
   * AUDIT_INDEX_UNAVAILABLE.
   */
  query(query: AuditPageQuery, scope: Scope): Promise<AuditPage>;
  /** Records from a number on as they come into the index, oldest first, a page at a time, until the scope ends. */
  follow(query: AuditQuery, from: number, scope: Scope): AsyncGenerator<readonly AuditRecord[]>;
  /**
   * Text of any length in pieces of about 64 KiB, oldest first, up to what is durable at the call: `jsonl` is each record
   * as the journal keeps it, `csv` RFC 4180. The records are read from the journal; without a query the index is not even
   * asked. Raises as `query` does, AUDIT_INDEX_BEHIND, and as the journal's `read`.
   */
  export(query: AuditQuery, format: ExportFormat, scope: Scope): AsyncGenerator<string>;
  status(): IndexStatus;
  /**
   * Forgets the records of segments that were pruned or erased, from the disk too. Looked at by itself when it is opened
   * and every ten minutes; whoever prunes or erases calls it, and has not erased before it resolves.
   */
  sync(): Promise<void>;
  /** Makes it anew; resolves when it has what was durable at the call. */
  rebuild(onProgress: (progress: IndexProgress) => void, scope: Scope): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export type IndexOptions = IndexPlace & {
  /** How long a record may wait for others, ms. Default 100. A query does not wait for it. */
  readonly delayMs?: number;
  /** How long it leaves its file alone at first, ms, unless somebody asks it. Default 0. */
  readonly firstDelayMs?: number;
};

/**
 * A directory of its own, made for its owner alone: not that of the journal, which others get copies of. Or a database of
 * PostgreSQL, by its URL, in which each journal has a schema of its own.
 */
export type IndexPlace = { readonly directory: string } | { readonly postgres: Secret };

export interface IndexDependencies {
  readonly journal: Pick<AuditJournal, 'read' | 'onAppended' | 'segments' | 'status'>;
  readonly clock: Clock;
  readonly log: Logger;
}
