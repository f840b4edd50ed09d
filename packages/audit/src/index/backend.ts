import type { Scope } from '@roundhouse/core';
import type { Find } from './terms.ts';

/** What an index is found to be when it is opened. */
export interface Opened {
  readonly nextSeq: number;
  /** ULID of the last record that is in it: of the journal it should be the same. */
  readonly last: { readonly seq: number; readonly id: string } | undefined;
}

export interface OpenedIndex extends Opened {
  readonly bytes: number;
}

/** A page: JSON of records, or numbers alone. */
export interface Found {
  readonly seqs: readonly number[];
  readonly records: readonly string[];
}

/**
 * Where the records of one journal are found. One caller at a time writes; finding goes on meanwhile. All raise IndexFailure,
 * and may be called again after it, `open` first.
 */
export interface IndexBackend {
  /** Begins it anew where it is of another journal or layout. */
  open(): Promise<OpenedIndex>;
  /** Removes what is there and begins anew. */
  reset(): Promise<OpenedIndex>;
  /** Takes records, each as JSON, and goes on with `nextSeq`: both or neither. Gives its size. */
  add(records: readonly string[], nextSeq: number): Promise<number>;
  /** By number, in the order that is asked for. */
  find(find: Find, isWhole: boolean): Promise<Found>;
  /** Deletes the records from `from` to before `to`; whether there were any. */
  forget(from: number, to: number): Promise<boolean>;
  /** Takes what was deleted off the disk too, as far as that is in its hands. */
  purge(scope: Scope): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What an index could not do. */
export class IndexFailure extends Error {
  /** Whether what is there is no good, and has to be made anew. */
  readonly isCorrupt: boolean;

  constructor({ isCorrupt, reason }: { readonly isCorrupt: boolean; readonly reason: string }, cause?: unknown) {
    super(reason, { cause });
    this.isCorrupt = isCorrupt;
  }
}
