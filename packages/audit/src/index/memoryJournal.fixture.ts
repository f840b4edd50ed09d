import { Emitter, type Scope, type Unsubscribe } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { JournalStatus, RecordRange, SegmentSummary } from '../journal/contract.ts';
import type { AuditEntry, AuditRecord } from '../record/entry.ts';
import { entryOf } from '../record/entry.fixture.ts';
import type { IndexDependencies } from './contract.ts';

/** A journal that holds its records in memory: what an index sees of one. */
export class MemoryJournal
  implements Pick<IndexDependencies['journal'], 'read' | 'onAppended' | 'segments' | 'status'>
{
  readonly records: AuditRecord[] = [];
  /** First numbers of the segments; the last is open. */
  readonly begins: number[] = [0];
  readonly erased = new Set<number>();
  readonly damaged = new Set<number>();
  /** How often records were read. */
  reads = 0;
  first = 0;
  id = 'journal-1';
  readonly #facts = new Emitter<{ appended: readonly AuditRecord[] }>();

  append(...entries: ReadonlyArray<Partial<AuditEntry> & { readonly time?: string }>): void {
    const records = entries.map((entry, index) => {
      const { time = '2026-01-01T00:00:00.000Z', personal: _, details, ...rest } = entry;
      const seq = this.records.length + index;
      return {
        ...entryOf(rest),
        details: (details ?? {}) as AuditRecord['details'] & object,
        v: 1,
        seq,
        id: `${this.id}-${seq}`,
        time,
        boot: 'boot-1',
        monotonic_ms: seq,
      } as AuditRecord;
    });
    this.records.push(...records);
    this.#facts.emit('appended', records);
  }

  async *read({ from, to, erased }: RecordRange, scope: Scope): AsyncGenerator<AuditRecord> {
    this.reads++;
    const end = Math.min(to ?? this.records.length, this.records.length);
    const start = from ?? this.first;
    if (start < this.first) throw auditError('AUDIT_PRUNED', { details: { seq: start, first: this.first } });
    for (let seq = start; seq < end; seq++) {
      scope.throwIfEnded();
      const segment = this.#segmentOf(seq);
      if (this.damaged.has(segment))
        throw auditError('AUDIT_DAMAGED', { details: { segment, offset: 0, reason: 'x' } });
      if (!this.erased.has(segment)) yield this.records[seq] as AuditRecord;
      else if (erased !== 'skip') throw auditError('AUDIT_ERASED', { details: { segment } });
    }
  }

  onAppended(listener: (records: readonly AuditRecord[]) => void): Unsubscribe {
    return this.#facts.on('appended', listener);
  }

  segments(): readonly SegmentSummary[] {
    return this.begins.map((first, segment) => {
      const end = this.begins[segment + 1] ?? this.records.length;
      const isOpen = segment === this.begins.length - 1;
      return {
        segment,
        path: `${segment}`,
        first_seq: first,
        records: end - first,
        created: '',
        is_open: isOpen,
        is_erased: this.erased.has(segment),
      };
    });
  }

  status(): JournalStatus {
    return {
      journal: this.id,
      state: 'writing',
      first_seq: this.first,
      next_seq: this.records.length,
      buffered: 0,
      waiting: 0,
      lost: 0,
      refused: 0,
      epoch: 0,
      public_key: '',
      sinks: [],
    };
  }

  #segmentOf(seq: number): number {
    return this.begins.findLastIndex((first) => first <= seq);
  }
}
