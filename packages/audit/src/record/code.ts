import type { AuditClass } from './entry.ts';

/** A code says what a record means, whatever words it has: `RHA-` and four digits. */
export type AuditCode = `RHA-${number}`;

export interface AuditCodeEntry {
  readonly title: string;
  readonly class: AuditClass;
  /** As in syslog (RFC 5424 §6.2.1), without those that no record needs. */
  readonly severity: 'alert' | 'critical' | 'error' | 'warning' | 'notice' | 'info';
  readonly action: string;
}

/** What the journal records about itself: RHA-0000 … RHA-0099. */
export const JOURNAL_CODES = {
  'RHA-0001': { title: 'Journal opened', class: 'system', severity: 'notice', action: 'journal.opened' },
  'RHA-0002': { title: 'Journal closed', class: 'system', severity: 'notice', action: 'journal.closed' },
  'RHA-0003': { title: 'Torn tail cut off', class: 'security', severity: 'warning', action: 'journal.recovered' },
  'RHA-0004': { title: 'Damage found', class: 'security', severity: 'alert', action: 'journal.damaged' },
  'RHA-0005': { title: 'Records lost', class: 'security', severity: 'critical', action: 'journal.lost' },
  'RHA-0006': { title: 'Journal was unavailable', class: 'security', severity: 'error', action: 'journal.resumed' },
  'RHA-0007': { title: 'Signing key evolved', class: 'security', severity: 'notice', action: 'key.evolved' },
  'RHA-0008': { title: 'Personal data erased', class: 'admin', severity: 'notice', action: 'subject.erased' },
  'RHA-0010': { title: 'Retention begun', class: 'admin', severity: 'notice', action: 'retention.planned' },
  'RHA-0011': { title: 'Segment archived', class: 'admin', severity: 'notice', action: 'retention.archived' },
  'RHA-0012': { title: 'Segments removed', class: 'admin', severity: 'notice', action: 'retention.pruned' },
  'RHA-0013': { title: 'Segment erased', class: 'admin', severity: 'notice', action: 'retention.erased' },
  'RHA-0014': { title: 'Records kept by a legal hold', class: 'admin', severity: 'notice', action: 'retention.held' },
  'RHA-0015': { title: 'Retention failed', class: 'admin', severity: 'error', action: 'retention.failed' },
  'RHA-0016': { title: 'Archive removed', class: 'admin', severity: 'notice', action: 'retention.archive_removed' },
} as const satisfies Readonly<Record<AuditCode, AuditCodeEntry>>;

export type JournalCode = keyof typeof JOURNAL_CODES;
