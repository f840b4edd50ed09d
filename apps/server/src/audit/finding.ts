import { type AuditCodeEntry, type AuditRecord, JOURNAL_CODES } from '@roundhouse/audit';
import { SERVER_CODES } from './codes.ts';

/** A record that somebody has to look at. */
export interface AuditFinding {
  readonly seq: number;
  readonly time: string;
  readonly code: string;
  readonly title: string;
  readonly severity: AuditCodeEntry['severity'];
  /** What it is about, `kind/id`; null where it names nothing. */
  readonly resource: string | null;
}

const CODES: Readonly<Record<string, AuditCodeEntry>> = { ...JOURNAL_CODES, ...SERVER_CODES };
const URGENT: ReadonlySet<string> = new Set(['alert', 'critical']);
const OFFICIAL: ReadonlySet<string> = new Set(['security', 'admin']);

/** Codes that are findings: all alerts, and the errors of what concerns security and administration. */
const FOUND: ReadonlyMap<string, AuditCodeEntry> = new Map(
  Object.entries(CODES).filter(
    ([, { severity, class: auditClass }]) => URGENT.has(severity) || (severity === 'error' && OFFICIAL.has(auditClass)),
  ),
);

/** What a record has to be looked at for; undefined for nearly all. Called for each record that is kept: it is quick. */
export function findingOf({ seq, time, code, resource }: AuditRecord): AuditFinding | undefined {
  const entry = FOUND.get(code);
  if (entry === undefined) return undefined;
  const { title, severity } = entry;
  return {
    seq,
    time,
    code,
    title,
    severity,
    resource: resource === undefined ? null : `${resource.kind}/${resource.id}`,
  };
}

/**
 * Whether a record says who, what, when, with what outcome, from where and on what (PCI DSS 10.2.2). What the journal says
 * of itself comes from it and is about it; what is told of by an event comes from this server, and the event is named.
 */
export function isComplete({
  actor,
  action,
  code,
  time,
  outcome,
  source,
  resource,
  details,
  ...record
}: AuditRecord): boolean {
  if (actor.id === '' || action === '' || outcome === undefined || Number.isNaN(Date.parse(time))) return false;
  if (code in JOURNAL_CODES) return true;
  const { session_id: session, subject } = record;
  const hasOrigin = source !== undefined || actor.type === 'system' || typeof details?.['event'] === 'string';
  return hasOrigin && (resource !== undefined || session !== undefined || subject !== undefined) && code in CODES;
}
