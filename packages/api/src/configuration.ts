import { z } from 'zod';

export const configurationSchema = z
  .strictObject({
    file: z.string().nullable().meta({ description: 'The main file; null when there is none.' }),
    loaded_at: z.iso.datetime(),
    values: z.record(z.string(), z.unknown()).meta({ description: 'In force; secrets are masked.' }),
    origins: z.record(z.string(), z.string()).meta({ description: 'Where each value comes from, by its path.' }),
  })
  .meta({ id: 'Configuration' });

export const reloadSchema = z
  .strictObject({ dry_run: z.boolean().optional().meta({ description: 'Says what would be done. Default false.' }) })
  .meta({ id: 'Reload' });

/** What a change does to what runs. */
export const PLAN_ACTIONS = ['live', 'drain', 'restart'] as const;

export const reloadPlanSchema = z
  .strictObject({
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
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ReloadPlan' });

export type ConfigurationResource = z.infer<typeof configurationSchema>;
export type ReloadRequest = z.infer<typeof reloadSchema>;
export type ReloadPlan = z.infer<typeof reloadPlanSchema>;
