import type { AuditJournal } from '../journal/contract.ts';

/** Numbers of records that the journal does not give any more: from 0 what was pruned, and each segment that was erased. */
export function missingRecords(
  journal: Pick<AuditJournal, 'segments' | 'status'>,
): ReadonlyArray<{ readonly from: number; readonly to: number }> {
  const erased = journal.segments().filter(({ is_erased: isErased, records }) => isErased && records > 0);
  return [
    { from: 0, to: journal.status().first_seq },
    ...erased.map(({ first_seq: from, records }) => ({ from, to: from + records })),
  ];
}
