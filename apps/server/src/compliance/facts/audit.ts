import type { FactProvider, GatheredFacts } from '@roundhouse/audit/compliance';

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
