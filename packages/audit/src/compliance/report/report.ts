import type { Assessment, RuleResult, Status } from '../assess.ts';
import type { FactValue } from '../fact/definition.ts';
import type { Remediation } from '../rule/rule.ts';
import type { RuleSeverity, RuleType } from '../rule/vocabulary.ts';

/** What every report says of itself. */
const STATEMENT =
  'This report is evidence: what the software found of its own state at the time given. It is no certification, no attestation and no opinion on compliance. "unknown" means that a fact could not be had, and is never a pass.';

/** A report as JSON has it. */
export interface ComplianceReport {
  readonly generated_at: string;
  readonly product: { readonly name: string; readonly version: string };
  readonly profile: { readonly id: string; readonly title: string; readonly notes: string };
  readonly statement: string;
  readonly summary: Readonly<Record<Status, number>>;
  readonly digest: string;
  readonly results: readonly ReportedResult[];
}

export interface ReportedResult {
  readonly rule: string;
  readonly title: string;
  readonly type: RuleType;
  readonly severity: RuleSeverity;
  readonly status: Status;
  readonly would_be: 'fail' | 'unknown' | null;
  readonly reason: string | null;
  readonly mappings: {
    readonly pci_dss: readonly string[];
    readonly hipaa: readonly string[];
    readonly soc2: readonly string[];
  };
  readonly limits: string | null;
  readonly expression: string;
  readonly evidence: {
    readonly digest: string;
    readonly parameters: Readonly<Record<string, boolean | number | string | readonly string[]>>;
    readonly facts: readonly ReportedFact[];
  };
  readonly remediation: { readonly text: string; readonly configuration: string | null };
  readonly waiver: {
    readonly owner: string;
    readonly reason: string;
    readonly expires_at: string;
    readonly is_expired: boolean;
  } | null;
}

export interface ReportedFact {
  readonly name: string;
  readonly state: 'known' | 'unknown';
  readonly value: FactValue | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly source: string;
  readonly at: string;
}

/** The assessment with all that a reader needs to follow it. */
export function reportOf(
  { profile, at, results, summary, digest }: Assessment,
  product: ComplianceReport['product'],
): ComplianceReport {
  return {
    generated_at: rfc3339(at),
    product,
    profile: { id: profile.id, title: profile.title, notes: profile.notes },
    statement: STATEMENT,
    summary,
    digest,
    results: results.map(reportedResult),
  };
}

function reportedResult({ rule, status, wouldBe, reason, evidence, waiver }: RuleResult): ReportedResult {
  const { pci_dss = [], hipaa = [], soc2 = [] } = rule.mappings ?? {};
  return {
    rule: rule.id,
    title: rule.title,
    type: rule.type,
    severity: rule.severity,
    status,
    would_be: wouldBe,
    reason,
    mappings: { pci_dss, hipaa, soc2 },
    limits: rule.limits ?? null,
    expression: rule.expression,
    evidence: {
      digest: evidence.digest,
      parameters: evidence.parameters,
      facts: evidence.facts.map((fact) => ({
        name: fact.name,
        state: fact.state,
        value: fact.state === 'known' ? fact.value : null,
        code: fact.state === 'unknown' ? fact.code : null,
        reason: fact.state === 'unknown' ? fact.reason : null,
        source: fact.source,
        at: rfc3339(fact.at),
      })),
    },
    remediation: reportedRemediation(rule.remediation),
    waiver: waiver && {
      owner: waiver.owner,
      reason: waiver.reason,
      expires_at: rfc3339(waiver.expiresAt),
      is_expired: waiver.isExpired,
    },
  };
}

function reportedRemediation({ text, configuration }: Remediation): ReportedResult['remediation'] {
  return { text, configuration: configuration ?? null };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
