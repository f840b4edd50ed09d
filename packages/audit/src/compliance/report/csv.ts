import type { ComplianceReport, ReportedResult } from './report.ts';

const COLUMNS = [
  'generated_at',
  'profile',
  'rule',
  'title',
  'type',
  'severity',
  'status',
  'would_be',
  'reason',
  'pci_dss',
  'hipaa',
  'soc2',
  'facts',
  'evidence_digest',
  'waiver_owner',
  'waiver_reason',
  'waiver_expires_at',
  'remediation',
] as const;

/** A row for each rule, after a row of names (RFC 4180: CRLF, quotes doubled). */
export function csvReport(report: ComplianceReport): string {
  const rows = report.results.map((result) => rowOf(report, result));
  return [COLUMNS, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function rowOf({ generated_at, profile }: ComplianceReport, result: ReportedResult): readonly string[] {
  const { mappings, evidence, waiver } = result;
  const facts = evidence.facts.map(
    ({ name, state, value, code }) => `${name}=${state === 'known' ? JSON.stringify(value) : `unknown (${code})`}`,
  );
  return [
    generated_at,
    profile.id,
    result.rule,
    result.title,
    result.type,
    result.severity,
    result.status,
    result.would_be ?? '',
    result.reason ?? '',
    mappings.pci_dss.join(' '),
    mappings.hipaa.join(' '),
    mappings.soc2.join(' '),
    facts.join('; '),
    evidence.digest,
    waiver?.owner ?? '',
    waiver?.reason ?? '',
    waiver?.expires_at ?? '',
    result.remediation.text,
  ];
}

/** Spreadsheets take a cell that begins with one of these for a formula; an apostrophe makes it text (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
