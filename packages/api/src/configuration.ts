import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

export const configurationSchema = lazyObject(() => ({
  file: z.string().nullable().meta({ description: 'The main file; null when there is none.' }),
  loaded_at: z.iso.datetime(),
  values: z.record(z.string(), z.unknown()).meta({ description: 'In force; secrets are masked.' }),
  origins: z.record(z.string(), z.string()).meta({ description: 'Where each value comes from, by its path.' }),
})).meta({ id: 'Configuration' });

export const reloadSchema = lazyObject(() => ({
  dry_run: z.boolean().optional().meta({ description: 'Says what would be done. Default false.' }),
})).meta({ id: 'Reload' });

/** What a change does to what runs. */
export const PLAN_ACTIONS = ['live', 'drain', 'restart'] as const;

/** What a configuration does to a worker: `live` is a change without a restart of it. */
export const WORKER_EFFECTS = ['add', 'remove', 'live', 'restart'] as const;

export const reloadPlanSchema = lazyObject(() => ({
  applied: z.boolean(),
  changes: z.array(
    z.strictObject({
      path: z.string().meta({ examples: ['endpoints[east]'] }),
      op: z.enum(['add', 'remove', 'change']),
      fields: z.array(z.string()),
      action: z.enum(PLAN_ACTIONS).meta({
        description: '`live`: at once; `drain`: sessions move first; `restart`: with the next start of the server.',
      }),
    }),
  ),
  workers: z
    .array(z.strictObject({ worker: z.string(), effect: z.enum(WORKER_EFFECTS) }))
    .meta({ description: 'What becomes of each worker that is specified otherwise.' }),
  warnings: z.array(z.string()),
})).meta({ id: 'ReloadPlan' });

/** Sections that may be overridden while the server runs: who may call, and with what, is not among them. */
export const OVERRIDABLE_SECTIONS = ['endpoints', 'endpoint_groups', 'limits', 'log', 'sessions'] as const;

export const overrideInputSchema = lazyObject(() => ({
  path: z
    .string()
    .max(512)
    .regex(
      new RegExp(`^(${OVERRIDABLE_SECTIONS.join('|')})([.[].*)?$`),
      `Expected a path into ${OVERRIDABLE_SECTIONS.join(', ')}`,
    )
    .meta({ examples: ['endpoints[east].weight', 'limits.max_sessions'] }),
  value: z.unknown().meta({ description: 'JSON.' }),
  ttl_ms: z
    .int()
    .min(1_000)
    .max(30 * 86_400_000)
    .optional()
    .meta({
      description: 'How long it holds. Default: until it is taken back or the server stops.',
    }),
})).meta({ id: 'OverrideInput', description: 'A value above the file.' });

export const overrideListSchema = lazyObject(() => ({
  items: z.array(z.strictObject({ path: z.string(), by: z.string(), expires_at: z.iso.datetime().nullable() })),
})).meta({ id: 'OverrideList' });

export const overrideQuerySchema = lazyObject(() => ({ path: z.string().max(512) }));

export type OverrideInput = z.infer<typeof overrideInputSchema>;
export type OverrideList = z.infer<typeof overrideListSchema>;
export type ConfigurationResource = z.infer<typeof configurationSchema>;
export type ReloadRequest = z.infer<typeof reloadSchema>;
export type ReloadPlan = z.infer<typeof reloadPlanSchema>;
