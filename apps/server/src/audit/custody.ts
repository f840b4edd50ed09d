import type { AuditJournal } from '@roundhouse/audit';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import { journalMemory } from './memory.ts';
import { Reviewer } from './reviewer.ts';
import { Verification } from './verification.ts';
import { verifyInThread } from './verifyInThread.ts';

interface CustodyDependencies {
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly scope: Scope;
  /** Called when there is something new to know. */
  readonly onChange: () => void;
}

/** What looks after a journal of this server: verifies it, and looks through its records. Nothing runs before `start`. */
export function custodyOf(
  journal: AuditJournal | undefined,
  place: { readonly directory: string } | undefined,
  { store, clock, log, scope, onChange }: CustodyDependencies,
): { readonly verification: Verification | undefined; readonly reviewer: Reviewer | undefined } {
  if (journal === undefined || place === undefined) return { verification: undefined, reviewer: undefined };
  const id = (): string => journal.status().journal;
  const parts = { journal, clock, log, scope };
  return {
    verification: new Verification({
      ...parts,
      directory: place.directory,
      verify: verifyInThread,
      memory: journalMemory(store, 'verification', id),
      onResult: onChange,
    }),
    reviewer: new Reviewer({ ...parts, memory: journalMemory(store, 'review', id), onReview: onChange }),
  };
}
