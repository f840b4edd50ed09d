import { hash } from 'node:crypto';
import { canonicalJson } from '../record/canonical.ts';
import type { AuditClass, AuditRecord } from '../record/entry.ts';
import type { RecordFacts } from './facts.ts';

/** Keeps what it names, whatever the periods say, until somebody takes it out of the configuration. */
export interface LegalHold {
  readonly id: string;
  /** Who answers for it. */
  readonly owner: string;
  readonly reason: string;
  /** Of the records, ms since 1970: from the first to before the second. What is left out names all. */
  readonly from?: number;
  readonly to?: number;
  readonly class?: AuditClass;
  readonly session?: string;
  /** Who did it, for whom it was done, or whom it is about. */
  readonly user?: string;
  readonly host?: string;
}

export function isHeld(record: AuditRecord, hold: LegalHold): boolean {
  const time = Date.parse(record.time);
  const { actor, subject } = record;
  return (
    time >= (hold.from ?? -Infinity) &&
    time < (hold.to ?? Infinity) &&
    (hold.class === undefined || record.class === hold.class) &&
    (hold.session === undefined || record.session_id === hold.session) &&
    (hold.host === undefined || record.host === hold.host) &&
    (hold.user === undefined || [actor.id, actor.on_behalf_of, subject].includes(hold.user))
  );
}

/** Tells holds apart by what they ask for: one that is changed is another one. */
export function holdKey({ from, to, class: auditClass, session, user, host }: LegalHold): string {
  const asked = [from, to, auditClass, session, user, host].map((each) => each ?? null);
  return hash('sha256', canonicalJson(asked), 'base64url');
}

/**
 * Whether records are touched by a hold. Where nobody has looked at them one by one, those count as touched that may be, by
 * class and time.
 */
export function isTouched({ matches, classes, to }: RecordFacts, hold: LegalHold): boolean {
  const known = matches[holdKey(hold)];
  if (known !== undefined) return known > 0;
  const { from: since = -Infinity, to: until = Infinity } = hold;
  if (classes === undefined) return to >= since;
  return Object.entries(classes).some(
    ([name, { first, last }]) => (hold.class === undefined || hold.class === name) && last >= since && first < until,
  );
}
