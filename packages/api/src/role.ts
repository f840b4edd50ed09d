import { z } from 'zod';
import { kindNameSchema, verbSchema } from './permission.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { lazyObject } from './lazyObject.ts';

export const ruleSchema = lazyObject(() => ({
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
})).meta({ id: 'Rule' });

export const roleInputSchema = lazyObject(() => ({
  id: resourceIdSchema,
  description: z.string().max(256).optional(),
  rules: z.array(ruleSchema).max(256),
})).meta({ id: 'RoleInput', description: 'What its holders may do. Whatever no rule allows is denied.' });

export type Rule = z.infer<typeof ruleSchema>;
export type Role = z.infer<typeof roleInputSchema>;

/** The id stands in the path. */
export const rolePutSchema = putSchemaOf(roleInputSchema, 'RolePut');

export const roleSchema = lazyObject(() => ({
  id: z.string(),
  description: z.string().nullable(),
  rules: z.array(ruleSchema),
  ...RESOURCE_FIELDS,
})).meta({ id: 'Role' });

export const roleListSchema = pageOf(roleSchema, 'RoleList');

export const ROLE = {
  name: 'role',
  collection: 'roles',
  path: 'roles',
  One: 'Role',
  Many: 'Roles',
  one: 'role',
  many: 'roles',
  input: roleInputSchema,
  resource: roleSchema,
} as const satisfies ResourceKind;

export type RoleResource = z.infer<typeof roleSchema>;
