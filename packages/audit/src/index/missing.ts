import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { AuditJournal } from '../journal/contract.ts';

/** Numbers of records that the journal does not give any more: from 0 what was pruned, and each segment that was erased. */
export async function missingSegments(
  journal: Pick<AuditJournal, 'read' | 'segments' | 'status'>,
  scope: Scope,
): Promise<ReadonlyArray<{ readonly from: number; readonly to: number }>> {
  const missing = [{ from: 0, to: journal.status().first_seq }];
  for (const { first_seq: from, records, is_open: isOpen } of journal.segments()) {
    if (isOpen || records === 0) continue;
    try {
      for await (const _ of journal.read({ from, to: from + 1 }, scope)) break;
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      if (error.code === 'AUDIT_ERASED') missing.push({ from, to: from + records });
      // Pruned meanwhile: the next time tells. What is damaged is not gone.
      else if (error.code !== 'AUDIT_PRUNED' && error.code !== 'AUDIT_DAMAGED') throw error;
    }
  }
  return missing;
}
