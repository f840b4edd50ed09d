import { z } from 'zod';
import { resourceIdSchema } from './resourceId.ts';

/** What there is to act upon. A role names these; the names are those of the kinds in the configuration. */
export const KINDS = [
  'api_key',
  'configuration',
  'endpoint',
  'endpoint_group',
  'event',
  'log',
  'metrics',
  'operation',
  'principal',
  'role',
  'session',
  'usage',
  'webhook',
] as const;

/** What may be done: the first six to most kinds, each of the others to the kind named. */
export const VERBS = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'delete',
  /** session: see its screen; a snapshot too. */
  'read',
  /** session: type. */
  'input',
  /** session: suspend and resume. */
  'suspend',
  /** session: move it to another host. */
  'migrate',
  /** session: have it at a terminal. */
  'take_over',
  /** endpoint: drain and undrain. */
  'drain',
  /** webhook: send a test, send again. */
  'replay',
  /** configuration: check, plan, reload, override. */
  'reload',
] as const;

export const kindNameSchema = z.enum(KINDS);
export const verbSchema = z.enum(VERBS);
export type KindName = (typeof KINDS)[number];
export type Verb = (typeof VERBS)[number];

/** What a route asks of whoever calls it. */
export interface Permission {
  readonly verb: Verb;
  readonly kind: KindName;
}

export type Labels = Readonly<Record<string, string>>;

/** Names that a thing is sorted by: `env: prod`. Roles may ask for them. */
export const labelsSchema = z
  .record(
    z
      .string()
      .regex(
        /^[a-z0-9]([a-z0-9._/-]{0,62}[a-z0-9])?$/i,
        'Expected a name of letters, digits, dots, dashes and slashes',
      ),
    z.string().max(63),
  )
  .refine((labels) => Object.keys(labels).length <= 32, 'Expected at most 32 labels')
  .meta({ description: 'Names to sort by; roles may ask for them. Sessions have those of their endpoint and group.' });

export const ruleSchema = z
  .strictObject({
    effect: z.enum(['allow', 'deny']).optional().meta({ description: 'Default `allow`; a rule that denies wins.' }),
    verbs: z
      .array(verbSchema.or(z.literal('*')))
      .min(1)
      .max(64),
    kinds: z
      .array(kindNameSchema.or(z.literal('*')))
      .min(1)
      .max(64),
    labels: z
      .record(z.string().min(1).max(64), z.union([z.string().max(63), z.array(z.string().max(63)).min(1).max(64)]))
      .optional()
      .meta({ description: 'Only things that have each of these labels, with that value or one of those.' }),
    ids: z.array(resourceIdSchema).min(1).max(256).optional().meta({ description: 'Only things of these ids.' }),
    own: z.boolean().optional().meta({ description: 'Only sessions that the caller has made.' }),
  })
  .meta({ id: 'Rule' });

export const roleSchema = z
  .strictObject({
    id: resourceIdSchema,
    description: z.string().max(256).optional(),
    rules: z.array(ruleSchema).max(256),
  })
  .meta({ id: 'Role', description: 'What its holders may do. Whatever no rule allows is denied.' });

export type Rule = z.infer<typeof ruleSchema>;
export type Role = z.infer<typeof roleSchema>;
