import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

/** NIST OSCAL in JSON. There is no registered type. */
export const OSCAL_MEDIA_TYPE = 'application/oscal+json';

export const COMPLIANCE_FORMATS = ['json', 'csv', 'html', 'oscal'] as const;
export type ComplianceFormat = (typeof COMPLIANCE_FORMATS)[number];

export const complianceQuerySchema = lazyObject(() => ({
  profile: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Default: that of the configuration.', examples: ['pci_dss_4'] }),
  format: z.enum(COMPLIANCE_FORMATS).optional().meta({ description: 'Default `json`.' }),
}));

const statusSchema = z.enum(['pass', 'fail', 'waived', 'not_applicable', 'unknown']);
const count = z.int().min(0);
const parametersSchema = z.record(z.string(), z.union([z.boolean(), z.number(), z.string(), z.array(z.string())]));
const mappingsSchema = lazyObject(() => ({
  pci_dss: z.array(z.string()).meta({ description: 'Requirements of PCI DSS 4.0.1.' }),
  hipaa: z.array(z.string()).meta({ description: 'Paragraphs of 45 CFR 164.' }),
  soc2: z.array(z.string()).meta({ description: 'Trust Services Criteria.' }),
}));
const remediationSchema = lazyObject(() => ({
  text: z.string(),
  configuration: z.string().nullable().meta({ description: 'What to write into the configuration file, YAML.' }),
}));

const factSchema = lazyObject(() => ({
  name: z.string(),
  state: z.enum(['known', 'unknown']),
  value: z.unknown().meta({ description: 'Null where it is not known.' }),
  code: z.string().nullable().meta({ description: 'Why it is not known.' }),
  reason: z.string().nullable(),
  source: z.string(),
  at: z.iso.datetime(),
}));

const describedSchema = lazyObject(() => ({
  title: z.string().meta({ description: 'What is so when it passes.' }),
  type: z.string(),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  mappings: mappingsSchema,
  limits: z.string().nullable().meta({ description: 'What its evidence does not cover.' }),
  expression: z.string().meta({ description: 'CEL over facts.' }),
  remediation: remediationSchema,
}));

const resultSchema = describedSchema
  .extend({
    rule: z.string(),
    status: statusSchema,
    would_be: z.enum(['fail', 'unknown']).nullable().meta({ description: 'Without the waiver.' }),
    reason: z.string().nullable().meta({ description: 'Why it is unknown.' }),
    evidence: lazyObject(() => ({
      digest: z.string(),
      parameters: parametersSchema,
      facts: z.array(factSchema),
    })),
    waiver: lazyObject(() => ({
      owner: z.string(),
      reason: z.string(),
      expires_at: z.iso.datetime(),
      is_expired: z.boolean(),
    })).nullable(),
  })
  .meta({ id: 'ComplianceResult' });

export const complianceReportSchema = lazyObject(() => ({
  generated_at: z.iso.datetime(),
  product: lazyObject(() => ({ name: z.string(), version: z.string() })),
  profile: lazyObject(() => ({ id: z.string(), title: z.string(), notes: z.string() })),
  statement: z.string(),
  summary: lazyObject(() => ({ pass: count, fail: count, waived: count, not_applicable: count, unknown: count })),
  digest: z.string(),
  results: z.array(resultSchema),
})).meta({ id: 'ComplianceReport', description: 'Evidence; no certification.' });

const ruleSchema = describedSchema
  .extend({
    id: z.string(),
    applies: z.string().nullable().meta({ description: 'CEL: false where the rule has nothing to ask.' }),
    parameters: parametersSchema,
    needs: z.array(z.string()).meta({ description: 'Facts that its evidence keeps.' }),
    profiles: z.array(z.string()).meta({ description: 'Profiles that it is part of.' }),
  })
  .meta({ id: 'ComplianceRule' });

export const complianceRulesSchema = lazyObject(() => ({
  rules: z.array(ruleSchema),
  profiles: z.array(lazyObject(() => ({ id: z.string(), title: z.string(), notes: z.string(), rules: count }))),
  facts: z.array(
    lazyObject(() => ({
      name: z.string(),
      type: z.string(),
      unit: z.string().nullable(),
      meaning: z.string(),
      source: z.string(),
    })),
  ),
})).meta({ id: 'ComplianceRules' });

export type ComplianceReportResource = z.infer<typeof complianceReportSchema>;
export type ComplianceResult = z.infer<typeof resultSchema>;
export type ComplianceRule = z.infer<typeof ruleSchema>;
export type ComplianceRules = z.infer<typeof complianceRulesSchema>;
