import { z } from 'zod';
import { labelsSchema } from '../permission.ts';
import { probeStepsSchema } from '../probeStep.ts';
import { durationSchema } from '../quantity.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from '../resource.ts';
import { resourceIdSchema } from '../resourceId.ts';
import { portSchema } from '../session.ts';
import { resourceMonitoringSchema, workerLimitsSchema } from './limits.ts';
import { workerLogSchema } from './logs.ts';
import { probesSchema } from './probe.ts';
import { PROGRAM_FIELDS, signalSchema, stopSchema } from './program.ts';
import { PROFILES, restartSchema } from './restart.ts';
import { unitSchema } from './unit.ts';
import { lazyObject } from '../lazyObject.ts';

export const WORKER_TYPES = ['managed', 'unmanaged', 'integrated'] as const;

export const WORKER_STATES = [
  'stopped',
  'starting',
  'running',
  'ready',
  'stopping',
  'restarting',
  'failed',
  'unknown',
] as const;

export const DEPENDENCY_CONDITIONS = ['started', 'ready', 'completed'] as const;

const dependencySchema = z.union([
  resourceIdSchema,
  lazyObject(() => ({
    worker: resourceIdSchema,
    condition: z.enum(DEPENDENCY_CONDITIONS).optional().meta({
      description: '`started`, `ready` (default), or `completed`: it has ended with success.',
    }),
    cascade: z.enum(['none', 'stop', 'restart']).optional().meta({
      description:
        'What happens to this worker when that one goes down: nothing (default), a stop, a restart after it.',
    }),
  })),
]);

export const attachSchema = lazyObject(() => ({
  pid_file: z.string().max(4_096).regex(/^\//, 'Expected an absolute path').optional(),
  process_name: z.string().min(1).max(256).optional().meta({ description: 'Name of the program file, whole.' }),
  arguments: z.array(z.string().max(4_096)).max(64).optional().meta({
    description: 'With `process_name`: arguments that it must have, in any place.',
  }),
  port: portSchema.optional().meta({ description: 'TCP port that it listens on.' }),
  check_interval: durationSchema({ fromMs: 100 }).optional().meta({ description: 'Default `5s`.' }),
  can_stop: z.boolean().optional().meta({ description: 'Whether it may be stopped from here. Default false.' }),
  allowed_signals: z.array(signalSchema).max(16).optional().meta({ description: 'Default none.' }),
}))
  .refine(
    ({ pid_file, process_name, port }) =>
      [pid_file, process_name, port].filter((each) => each !== undefined).length === 1,
    {
      error: 'Expected one of `pid_file`, `process_name`, `port`',
    },
  )
  .meta({ id: 'WorkerAttach' });

export const workerInputSchema = lazyObject(() => ({
  id: resourceIdSchema,
  description: z.string().max(256).optional(),
  type: z.enum(WORKER_TYPES).optional().meta({
    description:
      '`managed` (default): started and held here. `integrated`: the same, and it speaks the worker contract. `unmanaged`: somebody else starts it, here it is watched.',
  }),
  enabled: z.boolean().optional().meta({ description: 'Whether it is started by itself. Default true.' }),
  ...PROGRAM_FIELDS,
  attach: attachSchema.optional().meta({ description: 'How an unmanaged worker is found.' }),
  replicas: z
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .meta({ description: 'Instances; each knows its number as `ROUNDHOUSE_INSTANCE`. Default 1.' }),
  group: resourceIdSchema
    .optional()
    .meta({ description: 'Workers of a group are started, stopped and scaled together.' }),
  profile: z.enum(PROFILES).optional().meta({ description: 'What kind of program it is. Default `default`.' }),
  profile_type: z.enum(PROFILES).optional().meta({ description: 'The same, as nested files name it.' }),
  schedule: z
    .string()
    .max(128)
    .optional()
    .meta({
      description:
        'Runs at these times instead of all the time: five fields of cron, in UTC unless it begins with `TZ=Area/City `.',
      examples: ['*/15 * * * *', 'TZ=Europe/Berlin 30 2 * * 1-5'],
    }),
  depends_on: z.array(dependencySchema).max(256).optional(),
  restart: restartSchema.optional(),
  probes: probesSchema.optional(),
  stop: stopSchema.optional(),
  reload_signal: signalSchema
    .optional()
    .meta({ description: 'What `reload` sends. Default: `HUP`; integrated workers are asked.' }),
  limits: workerLimitsSchema.optional(),
  resource_monitoring: resourceMonitoringSchema.optional(),
  logs: workerLogSchema.optional(),
  labels: labelsSchema.optional(),
  unit: unitSchema.optional(),
})).meta({ id: 'WorkerInput' });

export type WorkerInput = z.infer<typeof workerInputSchema>;

/** The id stands in the path. */
export const workerPutSchema = putSchemaOf(workerInputSchema, 'WorkerPut');

const timeSchema = z.iso.datetime().nullable();

export const workerExitSchema = lazyObject(() => ({
  code: z.int().nullable().meta({ description: 'Null when a signal ended it, or nobody saw how.' }),
  signal: z.string().nullable(),
  reason: z
    .string()
    .meta({ description: 'E.g. `exited`, `signalled`, `out_of_memory`, `liveness_failed`, `unknown`.' }),
  at: z.iso.datetime(),
})).meta({ id: 'WorkerExit' });

export const probeStatusSchema = lazyObject(() => ({
  status: z.enum(['success', 'failure', 'unknown']),
  checked_at: timeSchema,
  elapsed_ms: z.number().nullable(),
  failures: z.int().meta({ description: 'In a row.' }),
  code: z.string().nullable(),
  message: z.string().nullable(),
  steps: probeStepsSchema,
})).meta({ id: 'WorkerProbeStatus' });

export const LIMIT_ENFORCEMENTS = ['kernel', 'watched', 'unavailable'] as const;

export const limitStatusSchema = lazyObject(() => ({
  limit: z.string().meta({ description: 'E.g. `memory.max_rss`.' }),
  value: z.number(),
  unit: z.string(),
  enforcement: z.enum(LIMIT_ENFORCEMENTS).meta({
    description:
      '`kernel`: it cannot be exceeded. `watched`: samples are compared with it. `unavailable`: it cannot be had here.',
  }),
  by: z.string().meta({ description: 'E.g. `cgroup v1 memory`, `rlimit nofile`, `/proc`; or why it is unavailable.' }),
  policy: z.string(),
  used: z.number().nullable(),
  state: z.enum(['ok', 'warning', 'exceeded', 'unknown']),
})).meta({ id: 'WorkerLimitStatus' });

export const workerUsageSampleSchema = lazyObject(() => ({
  at: z.iso.datetime(),
  processes: z.int(),
  threads: z.int(),
  cpu_percent: z.number().nullable().meta({ description: 'Of one core, since the sample before.' }),
  cpu_time_ms: z.number(),
  rss_bytes: z.int(),
  virtual_bytes: z.int(),
  swap_bytes: z.int(),
  file_descriptors: z.int().nullable(),
  connections: z.int().nullable(),
  read_bytes: z.int().nullable(),
  write_bytes: z.int().nullable(),
  read_ops: z.int().nullable(),
  write_ops: z.int().nullable(),
  temporary_bytes: z.int().nullable(),
  log_bytes: z.int().nullable(),
})).meta({
  id: 'WorkerUsageSample',
  description: 'Null: it could not be read, for lack of rights or because nobody asked.',
});

export const workerMetricSchema = lazyObject(() => ({
  name: z.string().meta({ description: 'As Prometheus has names.' }),
  kind: z.enum(['unspecified', 'gauge', 'counter']),
  help: z.string(),
  value: z.number(),
  labels: z.record(z.string(), z.string()),
})).meta({ id: 'WorkerMetric' });

export const workerInstanceSchema = lazyObject(() => ({
  instance: z.int(),
  state: z.enum(WORKER_STATES),
  reason: z.string().meta({ description: 'Why it is in this state, as a word: `started`, `backoff`, `blocked`, …' }),
  message: z.string().nullable().meta({ description: 'Why its last start failed, in words.' }),
  since: z.iso.datetime(),
  pid: z.int().nullable(),
  started_at: timeSchema,
  restarts: z.int().meta({ description: 'Starts after the first since the worker was last started by someone.' }),
  last_exit: workerExitSchema.nullable(),
  next_start_at: timeSchema.meta({ description: 'When backoff, breaker or schedule let it start.' }),
  blocked_by: z.array(z.string()).meta({ description: 'Workers that it waits for.' }),
  health: lazyObject(() => ({
    startup: probeStatusSchema.nullable(),
    readiness: probeStatusSchema.nullable(),
    liveness: probeStatusSchema.nullable(),
  })),
  limits: z.array(limitStatusSchema),
  usage: workerUsageSampleSchema.nullable(),
  metrics: z.array(workerMetricSchema).meta({ description: 'What an integrated worker tells of itself.' }),
})).meta({ id: 'WorkerInstance' });

export const workerSchema = lazyObject(() => ({
  description: z.string().nullable(),
  type: z.enum(WORKER_TYPES),
  enabled: z.boolean(),
  command: z.array(z.string()).nullable(),
  group: z.string().nullable(),
  replicas: z.int(),
  labels: labelsSchema,
  ...workerInstanceSchema.omit({ instance: true }).shape,
  id: z.string(),
  since: timeSchema.meta({ description: 'Null without an instance.' }),
  instances: z.array(workerInstanceSchema).meta({
    description: 'All of them; what stands beside is the first, and the state the worst of all.',
  }),
  spec: z.record(z.string(), z.unknown()).meta({ description: 'As it was written, secrets left out.' }),
  ...RESOURCE_FIELDS,
})).meta({ id: 'Worker' });

export const workerListSchema = pageOf(workerSchema, 'WorkerList');

export const WORKER = {
  name: 'worker',
  collection: 'workers',
  path: 'workers',
  One: 'Worker',
  Many: 'Workers',
  one: 'worker',
  many: 'workers',
  input: workerInputSchema,
  resource: workerSchema,
  hasStatus: true,
  references: [{ field: 'depends_on', kind: 'worker', item: 'worker' }],
  secrets: [
    'secrets',
    'environment',
    'unit.managed.control.execution.environment',
    'unit.integrated.control.execution.environment',
  ],
} as const satisfies ResourceKind;

export type WorkerResource = z.infer<typeof workerSchema>;
export type WorkerInstanceResource = z.infer<typeof workerInstanceSchema>;
export type WorkerState = (typeof WORKER_STATES)[number];
export type WorkerUsageSample = z.infer<typeof workerUsageSampleSchema>;
export type WorkerLimitStatus = z.infer<typeof limitStatusSchema>;
