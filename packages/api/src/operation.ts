import { z } from 'zod';
import { resourceIdSchema } from './resourceId.ts';
import { LIMITS } from './limits.ts';
import { hostSchema, portSchema } from './session.ts';
import { OPERATION_KINDS, OPERATION_STATUSES } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

export const operationSchema = lazyObject(() => ({
  id: z.string(),
  kind: z.enum(OPERATION_KINDS),
  session_id: z.string().nullable(),
  endpoint: z.string().nullable().meta({ description: 'Where it leads to, once that is known.' }),
  status: z.enum(OPERATION_STATUSES),
  steps: z.array(z.strictObject({ status: z.enum(OPERATION_STATUSES), at: z.iso.datetime() })).meta({
    description: 'Each status that it went through.',
  }),
  rolled_back: z.boolean().meta({ description: 'It failed, and everything is as it was before.' }),
  relogged: z.boolean().meta({ description: 'The session began anew on the target: no screen was restored.' }),
  indeterminate_inputs: z.int().meta({
    description: 'Inputs that the source had not answered: they may or may not have taken effect.',
  }),
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
})).meta({ id: 'Operation' });

export const operationListSchema = lazyObject(() => ({
  items: z.array(operationSchema),
  next_cursor: z.string().nullable(),
})).meta({ id: 'OperationList' });

export const migrateSchema = lazyObject(() => ({
  endpoint: resourceIdSchema.optional().meta({ description: 'An endpoint that is configured…' }),
  host: hostSchema.optional().meta({ description: '… or an address.' }),
  port: portSchema.optional(),
  mode: z.enum(['navigate', 'relogon']).optional().meta({
    description:
      'How the target gets to the present screen: by the navigation script of the group (default where it has one), or not at all: the caller logs on again.',
  }),
  fields: z
    .array(z.strictObject({ row: z.int().min(1), column: z.int().min(1) }))
    .max(64)
    .optional()
    .meta({ description: 'Fields whose contents have to be the same on the target.' }),
  timeout_ms: z.int().min(1).max(LIMITS.maxTimeoutMs).optional().meta({ description: 'Default 30,000.' }),
}))
  .refine((value) => (value.endpoint === undefined) !== (value.host === undefined && value.port === undefined), {
    message: 'Expected "endpoint", or "host" and "port"',
  })
  .refine((value) => (value.host === undefined) === (value.port === undefined), {
    message: 'Expected "host" and "port" together',
  })
  .meta({ id: 'Migrate' });

export const suspendSchema = lazyObject(() => ({
  timeout_ms: z.int().min(1).max(LIMITS.maxIntervalMs).optional().meta({
    description: 'The session is closed when nobody resumes it by then. Default 3,600,000.',
  }),
})).meta({ id: 'Suspend' });

export const takeoverSchema = lazyObject(() => ({
  session_id: z.string(),
  lu: z.string().meta({ description: 'LU name to ask the front door for, once.' }),
  expires_at: z.iso.datetime(),
})).meta({ id: 'Takeover' });

export type Takeover = z.infer<typeof takeoverSchema>;
export type Operation = z.infer<typeof operationSchema>;
export type OperationList = z.infer<typeof operationListSchema>;
export type MigrateRequest = z.infer<typeof migrateSchema>;
export type SuspendRequest = z.infer<typeof suspendSchema>;
