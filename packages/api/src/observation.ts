import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const levelSchema = z.enum(LOG_LEVELS);

export const logLevelsSchema = lazyObject(() => ({
  modules: z.record(
    z.string(),
    z.strictObject({
      level: levelSchema,
      own: z.boolean().meta({ description: 'Whether it has a level of its own, or that of `*`.' }),
      until: z.iso.datetime().nullable().meta({ description: 'When the level ends; null for one that stays.' }),
    }),
  ),
})).meta({ id: 'LogLevels' });

export const logModuleParamsSchema = lazyObject(() => ({
  module: z.string().meta({ description: 'Name of a module, or `*` for those without a level of their own.' }),
}));

export const logLevelSchema = lazyObject(() => ({
  level: levelSchema,
  ttl_ms: z.int().min(1_000).max(86_400_000).optional().meta({ description: 'Default: until the server stops.' }),
})).meta({ id: 'LogLevel' });

export const metricsQuerySchema = lazyObject(() => ({
  format: z.enum(['json', 'csv']).optional().meta({ description: 'Default `json`.' }),
  names: z.string().max(1_024).optional().meta({ description: 'Beginnings of the names wanted, separated by commas.' }),
  since: z.iso.datetime().optional().meta({ description: 'History from here; without it the figures of now.' }),
  until: z.iso.datetime().optional(),
  step_s: z.int().min(30).max(86_400).optional().meta({ description: 'Distance of the points. Default 30.' }),
}));

export const metricsExportSchema = lazyObject(() => ({
  at: z.iso.datetime(),
  series: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.string().nullable(),
      labels: z.record(z.string(), z.string()),
      points: z.array(z.tuple([z.iso.datetime(), z.number().nullable()])),
    }),
  ),
  slowest: z
    .array(
      z.strictObject({
        operation: z.string(),
        count: z.int(),
        mean_ms: z.number(),
        max_ms: z.number(),
        p99_ms: z.number(),
      }),
    )
    .meta({ description: 'Operations that took longest, longest first.' }),
})).meta({ id: 'Metrics' });

export const usageSchema = lazyObject(() => ({
  limits: z.array(
    z.strictObject({
      name: z.string(),
      used: z.number(),
      capacity: z.number().nullable(),
      unit: z.string(),
      state: z.enum(['ok', 'near', 'reached']),
    }),
  ),
  degraded: z
    .array(z.string())
    .meta({ description: 'What is refused at present, in the order in which it was given up.' }),
})).meta({ id: 'Usage' });

export type LogLevels = z.infer<typeof logLevelsSchema>;
export type LogLevelRequest = z.infer<typeof logLevelSchema>;
export type MetricsQuery = z.infer<typeof metricsQuerySchema>;
export type MetricsExport = z.infer<typeof metricsExportSchema>;
export type Usage = z.infer<typeof usageSchema>;
