import { z } from 'zod';
import { urlProbeSchema } from '../probeUrl.ts';
import { durationSchema } from '../quantity.ts';
import { hostSchema, portSchema } from '../session.ts';
import { HOST_PROBE_KINDS } from '../vocabulary.ts';
import { commandSchema } from './program.ts';
import { lazyObject } from '../lazyObject.ts';

/** How a worker is asked whether it is well. Fields mean what they mean in Kubernetes ("Configure Probes"). */

const targetFields = {
  host: hostSchema.optional().meta({ description: 'Default 127.0.0.1.' }),
  port: portSchema,
};

const ACTIONS = {
  http: lazyObject(() => ({
    ...targetFields,
    tls: z.boolean().optional().meta({ description: 'https; the certificate is not checked. Default false.' }),
    path: z
      .string()
      .max(2_048)
      .regex(/^\//, 'Expected a path that begins with /')
      .optional()
      .meta({ description: 'Default `/`.' }),
    headers: z.record(z.string().max(128), z.string().max(4_096)).optional(),
  })).meta({ description: 'Passes with 200 to 399.' }),
  tcp: lazyObject(() => targetFields).meta({ description: 'Passes when a connection is taken.' }),
  grpc: lazyObject(() => ({
    ...targetFields,
    tls: z.boolean().optional(),
    service: z.string().max(256).optional().meta({ description: 'Default: the server as a whole.' }),
  })).meta({ description: 'grpc.health.v1: passes with SERVING.' }),
  exec: lazyObject(() => ({ command: commandSchema })).meta({
    description: 'Passes with exit code 0; run as the worker is.',
  }),
  log: lazyObject(() => ({
    pattern: z.string().min(1).max(1_024).meta({ description: 'Regular expression for a line.' }),
    stream: z.enum(['stdout', 'stderr']).optional().meta({ description: 'Default: both.' }),
  })).meta({ description: 'Passes once such a line is written, from the start of the program on.' }),
  url: urlProbeSchema.meta({
    description: 'Passes when the service answers one harmless request as its protocol says.',
  }),
  endpoint: lazyObject(() => ({ kind: z.enum(HOST_PROBE_KINDS), ...targetFields, tls: z.boolean().optional() })).meta({
    description: 'The ladder of a host, as endpoints have it.',
  }),
  contract: z.literal(true).meta({ description: 'What the worker says itself over the worker contract.' }),
  notify: z.literal(true).meta({ description: '`READY=1` on `NOTIFY_SOCKET`, as sd_notify(3) sends it.' }),
};

export const PROBE_ACTIONS = Object.keys(ACTIONS) as readonly (keyof typeof ACTIONS)[];

export const workerProbeSchema = lazyObject(() => ({
  ...(Object.fromEntries(Object.entries(ACTIONS).map(([name, schema]) => [name, schema.optional()])) as {
    [K in keyof typeof ACTIONS]: z.ZodOptional<(typeof ACTIONS)[K]>;
  }),
  initial_delay: durationSchema().optional().meta({ description: 'Default `0s`.' }),
  period: durationSchema({ fromMs: 100 }).optional().meta({ description: 'Default `10s`.' }),
  timeout: durationSchema({ fromMs: 10 }).optional().meta({ description: 'Of one check. Default `1s`.' }),
  success_threshold: z.int().min(1).max(100).optional().meta({ description: 'Default 1.' }),
  failure_threshold: z.int().min(1).max(1_000).optional().meta({ description: 'Default 3.' }),
}))
  .refine((probe) => PROBE_ACTIONS.filter((name) => probe[name] !== undefined).length === 1, {
    error: `Expected one of ${PROBE_ACTIONS.map((name) => `\`${name}\``).join(', ')}`,
  })
  .meta({ id: 'WorkerProbe' });

export const probesSchema = lazyObject(() => ({
  startup: workerProbeSchema.optional().meta({
    description:
      'Until it passes, the others wait; when it fails, the worker is killed and its restart policy decides.',
  }),
  readiness: workerProbeSchema.optional().meta({ description: 'Whether it gets traffic and counts as ready.' }),
  liveness: workerProbeSchema
    .optional()
    .meta({ description: 'When it fails, the worker is stopped and its restart policy decides.' }),
})).meta({ id: 'WorkerProbes' });

export type WorkerProbeInput = z.infer<typeof workerProbeSchema>;
export type WorkerProbesInput = z.infer<typeof probesSchema>;
