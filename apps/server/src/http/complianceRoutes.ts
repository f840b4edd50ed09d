import {
  type ComplianceFormat,
  complianceQuerySchema,
  type ComplianceRules,
  OSCAL_MEDIA_TYPE,
  validateQuery,
} from '@roundhouse/api';
import {
  type ComplianceMonitor,
  type ComplianceReport,
  csvReport,
  FACTS,
  htmlReport,
  type MonitorSettings,
  oscalReport,
  reportOf,
} from '@roundhouse/audit/compliance';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { valid } from './request.ts';

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

/** Handlers of the routes about compliance. */
export function complianceRoutes({
  monitor,
  version,
}: {
  readonly monitor: ComplianceMonitor;
  readonly version: string;
}) {
  return {
    async getComplianceReport(request: FastifyRequest, reply: FastifyReply) {
      const query = request.query as Record<string, unknown>;
      const { profile, format = 'json' } = valid(validateQuery(complianceQuerySchema, query));
      const report = reportOf(await monitor.assess(profile), { name: 'Roundhouse', version });
      const { type, render } = RENDERINGS[format];
      return reply.type(type).send(render(report));
    },

    listComplianceRules(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(rulesShown(monitor.settings));
    },
  };
}

function rulesShown({ rules, profiles }: MonitorSettings): ComplianceRules {
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
