import { type ComplianceFormat, type ComplianceRules, OSCAL_MEDIA_TYPE } from '@roundhouse/api';
import {
  type Assessment,
  type ComplianceReport,
  csvReport,
  FACTS,
  htmlReport,
  type MonitorSettings,
  oscalReport,
  reportOf,
} from '@roundhouse/audit/compliance';

interface Rendering {
  readonly type: string;
  readonly render: (report: ComplianceReport) => string;
}

const RENDERINGS: Readonly<Record<ComplianceFormat, Rendering>> = {
  json: { type: 'application/json; charset=utf-8', render: (report) => JSON.stringify(report) },
  csv: { type: 'text/csv; charset=utf-8', render: csvReport },
  html: { type: 'text/html; charset=utf-8', render: htmlReport },
  oscal: { type: `${OSCAL_MEDIA_TYPE}; charset=utf-8`, render: (report) => JSON.stringify(oscalReport(report)) },
};

/** A report as text, with its media type. */
export function rendered(assessment: Assessment, format: ComplianceFormat, version: string) {
  const { type, render } = RENDERINGS[format];
  return { type, text: render(reportOf(assessment, { name: 'Roundhouse', version })) };
}

/** The rules, profiles and facts that there are. */
export function rulesShown({ rules, profiles }: MonitorSettings): ComplianceRules {
  return {
    rules: rules.map((rule) => {
      const { pci_dss = [], hipaa = [], soc2 = [] } = rule.mappings ?? {};
      return {
        id: rule.id,
        title: rule.title,
        type: rule.type,
        severity: rule.severity,
        mappings: { pci_dss: [...pci_dss], hipaa: [...hipaa], soc2: [...soc2] },
        limits: rule.limits ?? null,
        expression: rule.expression,
        applies: rule.applies ?? null,
        parameters: parametersShown(rule.parameters),
        needs: [...rule.needs],
        profiles: profiles.flatMap(({ id, rules: named }) => ((named?.includes(rule.id) ?? true) ? [id] : [])),
        remediation: { text: rule.remediation.text, configuration: rule.remediation.configuration ?? null },
      };
    }),
    profiles: profiles.map(({ id, title, notes, rules: named }) => ({
      id,
      title,
      notes,
      rules: named?.length ?? rules.length,
    })),
    facts: Object.entries(FACTS).map(([name, { type, unit, meaning, source }]) => ({
      name,
      type,
      unit,
      meaning,
      source,
    })),
  };
}

function parametersShown(parameters: MonitorSettings['rules'][number]['parameters'] = {}) {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
  );
}
