import { lazyObject, resourceIdSchema } from '@roundhouse/api';
import { FRAMEWORKS, RULE_TYPES, SEVERITIES } from '@roundhouse/audit/compliance/vocabulary';
import { z } from 'zod';

const HOUR_MS = 3_600_000;
const idSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'Expected a letter, then letters, digits, dots and dashes');
/** Digests are made of what has one text alone: no halves of surrogate pairs. */
const wholeText = z.string().refine((text) => text.isWellFormed(), 'Expected text without halves of surrogate pairs');
const expressionSchema = wholeText.min(1).max(2_000);
const parametersSchema = z.record(
  z
    .string()
    .max(64)
    .regex(/^[a-z][a-z0-9_]*$/, 'Expected a name in lower case'),
  z.union([z.boolean(), z.number(), wholeText.max(256), z.array(wholeText.max(256)).max(100)]),
);
const parametersByRuleSchema = z.record(idSchema, parametersSchema);
const filePath = z.string().min(1).max(4_096);

const waiverSchema = lazyObject(() => ({
  rule: idSchema.meta({ description: 'Id of the rule.' }),
  owner: z.string().min(1).max(256).meta({ description: 'Who answers for it.' }),
  reason: z.string().min(10).max(2_048),
  expires: z.iso.datetime().meta({ description: 'From then on it does not count.' }),
}));

const ruleSchema = lazyObject(() => ({
  id: idSchema,
  title: z.string().min(1).max(256).meta({ description: 'What is so when it passes.' }),
  type: z.enum(RULE_TYPES),
  severity: z.enum(SEVERITIES),
  expression: expressionSchema.meta({
    description: 'CEL over facts and `params`: true where it passes.',
    examples: ['size(policy.wildcard_admins) <= params.most'],
  }),
  applies: expressionSchema.optional().meta({ description: 'CEL: false where the rule has nothing to ask.' }),
  parameters: parametersSchema.optional().meta({ description: 'What `params` holds.' }),
  remediation: z.string().min(1).max(4_096).meta({ description: 'What to do so that it passes.' }),
  mappings: z
    .partialRecord(z.enum(FRAMEWORKS), z.array(z.string().min(1).max(64)).max(64))
    .optional()
    .meta({ description: 'Requirements that it is evidence for.' }),
}));

const profileSchema = lazyObject(() => ({
  id: resourceIdSchema,
  title: z.string().min(1).max(256),
  notes: z.string().max(2_048).optional(),
  rules: z.array(idSchema).min(1).max(1_000).meta({ description: 'Ids of rules, of the product and own ones.' }),
  parameters: parametersByRuleSchema.optional().meta({ description: 'Above those of the rules, by id of the rule.' }),
}));

/** The section `compliance` of the configuration. */
export const complianceSchema = lazyObject(() => ({
  profile: z.string().min(1).max(64).optional().meta({
    description: 'What a report shows that names no profile, and whose violations are told. Default `all`.',
  }),
  interval_ms: z
    .int()
    .min(60_000)
    .max(24 * HOUR_MS)
    .optional()
    .meta({ description: 'Between two evaluations when nothing changes. Default 3,600,000.' }),
  parameters: parametersByRuleSchema
    .optional()
    .meta({ description: 'Above those of rules and profiles, by id of the rule.' }),
  waivers: z.array(waiverSchema).max(1_000).optional(),
  rules: z.array(ruleSchema).max(200).optional().meta({ description: 'Own rules.' }),
  profiles: z.array(profileSchema).max(50).optional().meta({ description: 'Own profiles.' }),
  evidence: lazyObject(() => ({
    sbom_file: filePath.optional().meta({ description: 'Bill of materials, CycloneDX or SPDX, JSON.' }),
    dependency_audit_file: filePath.optional().meta({ description: 'What `npm audit --json` wrote.' }),
    manifest_file: filePath.optional().meta({
      description: 'Digests of the installed files, as `sha256sum` writes them; relative to its folder.',
    }),
    approvals_file: filePath.optional().meta({
      description: 'Digests of configuration files that somebody has approved, each as `SHA256 NAME`, a line each.',
    }),
    backup_file: filePath.optional().meta({ description: 'The newest backup, or a link to it; its time counts.' }),
    restore_test_file: filePath.optional().meta({
      description: 'What `roundhouse audit verify --json` wrote about a restored copy of the journal.',
    }),
  }))
    .optional()
    .meta({ description: 'Files that are made outside, and read at each evaluation.' }),
})).meta({ id: 'Compliance', description: 'Rules over the state of this server.' });

export type ComplianceOptions = z.infer<typeof complianceSchema>;
