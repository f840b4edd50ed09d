import { type AuditJournal, JOURNAL_CODES } from '@roundhouse/audit';
import { type FactProvider, type GatheredFacts, UnknownFact } from '@roundhouse/audit/compliance';
import { SERVER_CODES } from '../../audit/codes.ts';
import { EVENT_AUDIT } from '../../audit/events.ts';
import { ROUTE_AUDIT } from '../../audit/routes.ts';

/** What the audit journal, its retention and its review say of themselves; what they cannot say is left out. */
export type AuditStatus = Pick<GatheredFacts, AuditFactName>;

const NAMES = [
  'audit.incomplete_records',
  'audit.is_enabled',
  'audit.is_intact',
  'audit.is_writer_healthy',
  'audit.off_host_lag_minutes',
  'audit.off_host_sinks',
  'audit.reader_roles',
  'audit.recorded_actions',
  'audit.review_age_hours',
  'audit.sequence_gaps',
  'audit.unacknowledged_findings',
  'audit.verified_age_hours',
  'retention.erased_without_certificate',
  'retention.kept_months',
  'retention.searchable_months',
] as const;

type AuditFactName = (typeof NAMES)[number];

/** `status` is that of the journal of this server. */
export function auditFacts(status: () => Promise<AuditStatus>): FactProvider {
  return { name: 'audit', names: NAMES, gather: () => status() };
}

/** What the journal of this server says; undefined where it is off. */
export function journalStatus(journal: Pick<AuditJournal, 'status'> | undefined): AuditStatus {
  if (journal === undefined) return { 'audit.is_enabled': false };
  const { state, damage, lost } = journal.status();
  const unverified = new UnknownFact('NOT_SUPPORTED', 'Nothing has verified the journal from end to end');
  return {
    'audit.is_enabled': true,
    'audit.is_writer_healthy': state === 'writing' && lost === 0,
    'audit.is_intact': damage === undefined ? unverified : false,
    'audit.recorded_actions': RECORDED,
    'audit.sequence_gaps': unverified,
    'audit.verified_age_hours': unverified,
  };
}

/** Actions of all that is recorded: requests, events by their types, and what the journal says of itself. */
const RECORDED: readonly string[] = [
  ...new Set([
    ...Object.values(ROUTE_AUDIT).flatMap((route) => (route === null ? [] : [SERVER_CODES[route.code].action])),
    ...Object.entries(EVENT_AUDIT).flatMap(([type, row]) => (row === null ? [] : [type])),
    ...Object.values(JOURNAL_CODES).map(({ action }) => action),
  ]),
].sort();
