import type { AuditClass, AuditRecord } from '../record/entry.ts';
import { holdKey, isHeld, type LegalHold } from './hold.ts';

/** The records of a class in a segment; times are ms since 1970. */
export interface ClassFacts {
  readonly first: number;
  readonly last: number;
  readonly records: number;
}

/** What is known of the records of a segment. */
export interface RecordFacts {
  /** Undefined when nobody can read them any more. */
  readonly classes: Partial<Readonly<Record<AuditClass, ClassFacts>>> | undefined;
  /** No record is younger, ms since 1970. */
  readonly to: number;
  /** How many records each hold names, by `holdKey`; one that is not there was not looked for. */
  readonly matches: Readonly<Record<string, number>>;
}

export interface SegmentFacts extends RecordFacts {
  readonly kind: 'segment';
  readonly segment: number;
  readonly isOpen: boolean;
  readonly isSealed: boolean;
  readonly isErased: boolean;
  /** Whether the certificate of its erasure is there. */
  readonly isCertified: boolean;
  readonly isArchived: boolean;
  /** Whether its removal was begun, and stopped by a crash: its key may be destroyed already. */
  readonly isPruned: boolean;
  /** Why its records cannot be read, though they are not erased. */
  readonly fault?: string;
}

export interface ArchiveFacts extends RecordFacts {
  readonly kind: 'archive';
  readonly segment: number;
  /** Whether its key is kept beside it. */
  readonly isSealed: boolean;
}

/** What `note` has seen of the records of a segment. */
export interface Seen {
  readonly classes: NonNullable<RecordFacts['classes']>;
  readonly matches: RecordFacts['matches'];
}

/** Looks at records one by one, for their classes and for holds. */
export class RecordTally implements Seen {
  readonly classes: Partial<Record<AuditClass, ClassFacts>> = {};
  readonly matches: Record<string, number>;
  readonly #holds: readonly (readonly [key: string, hold: LegalHold])[];

  constructor(holds: readonly LegalHold[]) {
    this.#holds = holds.map((hold) => [holdKey(hold), hold]);
    this.matches = Object.fromEntries(this.#holds.map(([key]) => [key, 0]));
  }

  add(record: AuditRecord): void {
    const time = Date.parse(record.time);
    const known = this.classes[record.class] ?? { first: time, last: time, records: 0 };
    this.classes[record.class] = {
      first: Math.min(known.first, time),
      last: Math.max(known.last, time),
      records: known.records + 1,
    };
    for (const [key, hold] of this.#holds) if (isHeld(record, hold)) this.matches[key] = (this.matches[key] ?? 0) + 1;
  }
}
