import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { probeStepsSchema } from './probeStep.ts';
import { urlProbeSchema } from './probeUrl.ts';
import { labelsSchema } from './permission.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { compatSchema, hostSchema, nameSchema, portSchema, tlsSchema } from './session.ts';
import { HEALTH_STATUSES, HOST_PROBE_KINDS } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

const signatureTextSchema = lazyObject(() => ({
  text: z.string().min(1).max(LIMITS.maxTextLength),
  row: z.int().min(1).optional(),
  column: z.int().min(1).optional(),
}));

export const probeSchema = lazyObject(() => ({
  kind: z
    .enum([...HOST_PROBE_KINDS, 'none'])
    .optional()
    .meta({
      description: 'How far the ladder is climbed. Default `tn3270`: up to the first screen.',
    }),
  url: urlProbeSchema.optional().meta({
    description: 'What has to answer as well, behind the ladder; with the kind `none` in its place.',
  }),
  interval_ms: z.int().min(100).max(3_600_000).optional().meta({ description: 'Between two probes. Default 10,000.' }),
  timeout_ms: z.int().min(10).max(600_000).optional().meta({ description: 'Of one probe. Default 5,000.' }),
  rise: z.int().min(1).max(100).optional().meta({ description: 'Good probes until healthy. Default 2.' }),
  fall: z.int().min(1).max(100).optional().meta({ description: 'Bad probes until unhealthy. Default 3.' }),
  degraded_above_ms: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .meta({ description: 'Slower answers make the endpoint degraded.' }),
  slow_start_ms: z.int().min(0).max(3_600_000).optional().meta({
    description: 'Time over which a recovered endpoint gets its full share again. Default 30,000.',
  }),
  lu: nameSchema.optional().meta({ description: 'LU or pool that the probe asks for.' }),
  expect: z.array(signatureTextSchema).max(16).optional().meta({ description: 'Texts of a good first screen.' }),
  reject: z.array(signatureTextSchema).max(16).optional().meta({
    description: 'Texts of a first screen that says the application is not available.',
  }),
  transaction: z.record(z.string(), z.unknown()).optional().meta({
    description: 'Navigation script that is run from the first screen on: a test transaction, and the way out again.',
  }),
})).meta({ id: 'EndpointProbe' });

export const endpointInputSchema = lazyObject(() => ({
  id: resourceIdSchema,
  host: hostSchema,
  port: portSchema,
  tls: z.union([z.boolean(), tlsSchema]).optional(),
  start_tls: tlsSchema.optional(),
  group: resourceIdSchema.nullish().meta({ description: 'Group that it takes traffic for; null for none.' }),
  weight: z.int().min(0).max(1_000).optional().meta({ description: 'Share of the traffic. Default 1.' }),
  priority: z.int().min(0).max(100).optional().meta({ description: 'Tier; 0 is used first. Default 0.' }),
  max_sessions: z.int().min(0).max(1_000_000).nullish().meta({ description: 'Null for no limit.' }),
  lu_pools: z
    .record(nameSchema, z.int().min(0).max(1_000_000))
    .optional()
    .meta({ description: 'LUs that a pool of the host has, by its name.' }),
  logons_per_s: z.number().positive().max(10_000).nullish().meta({
    description: 'New sessions a second that the host bears; null for no limit.',
  }),
  compat: compatSchema.optional(),
  probe: probeSchema.optional(),
  labels: labelsSchema.optional(),
})).meta({ id: 'EndpointInput' });

/** The id stands in the path. */
export const endpointPutSchema = putSchemaOf(endpointInputSchema, 'EndpointPut');

export const endpointSchema = lazyObject(() => ({
  id: z.string(),
  host: z.string(),
  port: portSchema,
  tls: z.boolean(),
  group: z.string().nullable(),
  weight: z.int(),
  priority: z.int(),
  max_sessions: z.int().nullable(),
  lu_pools: z.record(z.string(), z.int()),
  logons_per_s: z.number().nullable(),
  probe: probeSchema,
  status: z.enum(HEALTH_STATUSES),
  draining: z.boolean(),
  active_sessions: z.int(),
  total_sessions: z.int().meta({ description: 'Sessions placed here since it was added.' }),
  failures: z.int().meta({ description: 'Sessions that failed here since it was added.' }),
  response_ms: z.number().nullable().meta({ description: 'Peak-EWMA of the time from an AID to the unlock.' }),
  labels: labelsSchema,
  ...RESOURCE_FIELDS,
})).meta({ id: 'Endpoint' });

export const endpointListSchema = pageOf(endpointSchema, 'EndpointList');

export const endpointHealthSchema = lazyObject(() => ({
  status: z.enum(HEALTH_STATUSES),
  checked_at: z.iso.datetime().nullable(),
  steps: probeStepsSchema,
  history: z.array(
    lazyObject(() => ({
      at: z.iso.datetime(),
      status: z.enum(HEALTH_STATUSES),
      outcome: z.string(),
      elapsed_ms: z.number().nullable(),
      code: z.string().nullable(),
    })),
  ),
})).meta({ id: 'EndpointHealth' });

export const drainSchema = lazyObject(() => ({
  deadline_ms: z.int().min(0).max(LIMITS.maxIntervalMs).optional().meta({
    description:
      'Sessions that have not reached a safe point by then are moved or closed all the same. Default 60,000.',
  }),
  undo: z.boolean().optional().meta({ description: 'Takes traffic again.' }),
})).meta({ id: 'Drain' });

export type EndpointInput = z.infer<typeof endpointInputSchema>;
export type EndpointPut = z.infer<typeof endpointPutSchema>;
export type EndpointProbeInput = z.infer<typeof probeSchema>;
export type EndpointResource = z.infer<typeof endpointSchema>;
export type EndpointList = z.infer<typeof endpointListSchema>;
export type EndpointHealthResource = z.infer<typeof endpointHealthSchema>;
export type DrainRequest = z.infer<typeof drainSchema>;

export const ENDPOINT = {
  name: 'endpoint',
  collection: 'endpoints',
  path: 'endpoints',
  One: 'Endpoint',
  Many: 'Endpoints',
  one: 'endpoint',
  many: 'endpoints',
  input: endpointInputSchema,
  resource: endpointSchema,
  hasStatus: true,
  references: [{ field: 'group', kind: 'endpoint_group' }],
  secrets: ['tls.key', 'start_tls.key'],
} as const satisfies ResourceKind;
