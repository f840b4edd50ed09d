import type { Clock, KeyRing, Logger, Scope, Unsubscribe } from '@roundhouse/core';
import type { JournalFiles } from '../files.ts';
import type { Checkpoint } from '../proof/checkpoint.ts';
import type { AuditClass, AuditEntry, AuditRecord } from '../record/entry.ts';
import type { RandomBytes } from '../record/digest.ts';
import type { MaskOptions } from '../record/mask.ts';
import type { CheckpointSink, SinkStatus } from '../sink/sink.ts';

/**
 * When a caller hears that a record is kept. `strict`: after an fdatasync that begins at once, shared by those that wait at
 * the same moment. `group`: after that of its group. `async`: when it is taken into the buffer.
 */
export type Durability = 'strict' | 'group' | 'async';

/**
 * What becomes of a record while the journal cannot write. `block`: the caller waits. `refuse`: AUDIT_UNAVAILABLE, and the
 * caller must not do what it was about to. `degrade`: the caller goes on at once; the record waits in the buffer, and is
 * counted and told as lost when that is full.
 */
export type Unavailable = 'block' | 'refuse' | 'degrade';

/** `degrade`: records go on being kept here, which the receipt and the status say. */
export type SinkLag = 'block' | 'refuse' | 'degrade';

export interface ClassPolicy {
  readonly durability: Durability;
  readonly whenUnavailable: Unavailable;
  readonly whenSinkLags: SinkLag;
}

export interface Receipt {
  readonly id: string;
  /** Absent while the record has no number yet: it gets it when it is written. */
  readonly seq?: number;
  /** Whether it would survive a power cut now. */
  readonly durable: boolean;
  /** That it is not as safe as its class asks for: the disk or a sink fails. */
  readonly degraded?: true;
}

export interface RecordRange {
  /** First number, default the first that is kept. */
  readonly from?: number;
  /** The number behind the last, default all that is durable now. */
  readonly to?: number;
  /** What to do about segments whose key has been erased. Default `fail`, with AUDIT_ERASED. */
  readonly erased?: 'fail' | 'skip';
}

/** A record with its proof, as JSON: all that a third party needs beside the public key. Hashes are base64. */
export interface InclusionProof {
  readonly v: 1;
  readonly kind: 'inclusion';
  readonly journal: string;
  readonly seq: number;
  readonly flags: number;
  readonly body: string;
  /** The text of a sealed record, for whoever may see it; its digest begins the body. Absent when its key is erased. */
  readonly text?: string;
  readonly size: number;
  readonly root: string;
  /** RFC 6962 §2.1.1. */
  readonly path: readonly string[];
  /** Signed note of that size, where there is one. */
  readonly checkpoint?: string;
}

/** That the first `from` records of the journal when it had `to` are those that it had when it had `from`. */
export interface ConsistencyProof {
  readonly v: 1;
  readonly kind: 'consistency';
  readonly journal: string;
  readonly from: number;
  readonly to: number;
  readonly from_root: string;
  readonly to_root: string;
  /** RFC 6962 §2.1.2. */
  readonly path: readonly string[];
}

export interface SegmentSummary {
  readonly segment: number;
  readonly path: string;
  readonly first_seq: number;
  /** Of the open one, those that are durable. */
  readonly records: number;
  readonly created: string;
  readonly is_open: boolean;
  /** Whether its key is destroyed: it verifies, and cannot be read again. */
  readonly is_erased: boolean;
}

export type JournalState = 'writing' | 'unavailable' | 'closed';

export interface JournalStatus {
  readonly journal: string;
  readonly state: JournalState;
  /** Why it is unavailable, and since when. */
  readonly reason?: string;
  readonly since?: string;
  /** Damage that was found at this opening. */
  readonly damage?: { readonly segment: number; readonly offset: number; readonly reason: string };
  /** First number that is kept, and how many records there have ever been: the next number. */
  readonly first_seq: number;
  readonly next_seq: number;
  /** Records in the buffer, and callers that wait for room in it. */
  readonly buffered: number;
  readonly waiting: number;
  /** Since this opening. */
  readonly lost: number;
  readonly refused: number;
  readonly epoch: number;
  /** The public key of the first epoch, as `roundhouse-verify --key` takes it. */
  readonly public_key: string;
  readonly checkpoint?: { readonly size: number; readonly time: string };
  /** Why the last checkpoint could not be made. */
  readonly checkpoint_failure?: string;
  readonly sinks: readonly SinkStatus[];
}

export interface AuditJournal extends AsyncDisposable {
  /**
   * Keeps a record; resolves as its class asks for. A scope that ends stops the waiting, not the record, but for one that
   * still waits for room. Raises AUDIT_ENTRY_INVALID, AUDIT_UNAVAILABLE, AUDIT_BUSY, AUDIT_SINK_LAGGING, AUDIT_CLOSED.
   */
  append(entry: AuditEntry, scope?: Scope): Promise<Receipt>;
  /** For callers that cannot wait: a record that is not kept is counted, and told in a record of its own. */
  record(entry: AuditEntry): void;
  /** Durable records in order. Raises AUDIT_PRUNED, AUDIT_ERASED, AUDIT_DAMAGED, AUDIT_RANGE_INVALID. */
  read(range: RecordRange, scope: Scope): AsyncGenerator<AuditRecord>;
  /** Durable records from `from` on, without end; returns when the journal closes, throws when the scope ends. */
  follow(from: number, scope: Scope): AsyncGenerator<AuditRecord>;
  /** Called with what has become durable, in order, before the callers hear of it: must be quick. */
  onAppended(listener: (records: readonly AuditRecord[]) => void): Unsubscribe;
  /** Signs what is durable now; the last one again when nothing is new. Raises AUDIT_UNAVAILABLE. */
  checkpoint(): Promise<Checkpoint>;
  /** `size`: default that of the last checkpoint, made anew when that does not cover the record. */
  inclusion(seq: number, size?: number): Promise<InclusionProof>;
  consistency(from: number, to: number): Promise<ConsistencyProof>;
  /** In order; what retention and archives go by. */
  segments(): readonly SegmentSummary[];
  /**
   * Removes the closed segments from the first up to `segment`, and writes down what was there so that the rest still
   * verifies. Whether they may go is for the caller to know. `discard`: how a file goes, default by being removed. Raises
   * AUDIT_RANGE_INVALID, AUDIT_UNAVAILABLE.
   */
  prune(segment: number, discard?: (path: string) => Promise<void>): Promise<void>;
  /** Destroys the key of a closed segment: its records cannot be read again, and still verify. Raises as `prune`. */
  erase(segment: number): Promise<void>;
  /** Destroys what is known of a person, and records that it was. `entry` says who asked for it. */
  eraseSubject(subject: string, entry: AuditEntry): Promise<void>;
  status(): JournalStatus;
  /** The next signing key; the present one signs it and is destroyed. */
  evolveKey(): Promise<void>;
  /** Begins a new segment. */
  rotate(): Promise<void>;
  /** Writes what it has, a checkpoint and a footer; idempotent. What cannot be written by then is lost, and logged. */
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  /** Defaults: security and admin strict and refused, access group and refused, data async and degraded, system group and degraded. */
  readonly classes?: Partial<Readonly<Record<AuditClass, Partial<ClassPolicy>>>>;
  readonly rotation?: {
    /** Default 64 MiB, from 4 KiB to 1 GiB. */
    readonly maxBytes?: number;
    /** Default an hour. Looked at when something is written. */
    readonly maxAgeMs?: number;
  };
  readonly group?: {
    /** How long a group waits for more. Default 2, up to 5. */
    readonly delayMs?: number;
    /** How many do not wait any longer. Default 256. */
    readonly records?: number;
  };
  readonly buffer?: {
    /** Records that wait to be written. Default 10,000. */
    readonly records?: number;
    /** Callers that wait for room beyond that. Default 10,000. */
    readonly waiting?: number;
  };
  readonly checkpoint?: {
    /** Default 10,000. */
    readonly records?: number;
    /** Default 10 s. */
    readonly intervalMs?: number;
  };
  /** How long a signing key is in force. Default a day; a new one at each opening in any case. */
  readonly keyLifetimeMs?: number;
  readonly mask?: MaskOptions;
  readonly sinks?: readonly CheckpointSink[];
  /** How old the oldest checkpoint that a sink has not got may be. Default 5 minutes. */
  readonly sinkLagMs?: number;
}

export interface JournalDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: those of the system. */
  readonly randomBytes?: RandomBytes;
  /** Seals records, personal data and the signing key; without it they are as readable as the files are. */
  readonly keyRing?: KeyRing;
  /** Default: the disk. */
  readonly files?: JournalFiles;
}
