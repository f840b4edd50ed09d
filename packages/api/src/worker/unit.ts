import { z } from 'zod';
import { durationSchema } from '../quantity.ts';
import { hostSchema, portSchema } from '../session.ts';
import { resourceMonitoringSchema, workerLimitsSchema } from './limits.ts';
import { absolutePathSchema, isHostAndPort, signalSchema, textSchema } from './program.ts';
import { contextAwareRestartSchema, RESTART_POLICIES } from './restart.ts';
import { lazyObject } from '../lazyObject.ts';

/**
 * The nested way to write a worker, as configurations of hsu-master have it. What it says stands for fields of the
 * worker itself (`flattenWorker`), which may not say the same thing too.
 */

const metadataSchema = lazyObject(() => ({
  name: z.string().max(128).optional(),
  description: z.string().max(256).optional(),
}));

const runOptionsSchema = lazyObject(() => ({
  enabled: z.boolean().optional(),
  interval: durationSchema({ fromMs: 100 }).optional(),
  timeout: durationSchema({ fromMs: 10 }).optional(),
  initial_delay: durationSchema().optional(),
  retries: z.int().min(0).max(1_000).optional(),
}));

const programSchema = textSchema.min(1).max(4_096);
const argumentsSchema = z.array(textSchema).max(511);

const controlSchema = lazyObject(() => ({
  execution: lazyObject(() => ({
    executable_path: programSchema,
    args: argumentsSchema.optional(),
    environment: z
      .array(textSchema.regex(/^[A-Za-z_][A-Za-z0-9_]*=/, 'Expected NAME=value'))
      .max(1_024)
      .optional(),
    working_directory: absolutePathSchema.optional(),
  })).optional(),
  restart_policy: z.enum(['never', 'on-failure', 'always', 'unless-stopped', ...RESTART_POLICIES]).optional(),
  context_aware_restart: contextAwareRestartSchema.optional(),
  limits: workerLimitsSchema.optional(),
  resource_monitoring: resourceMonitoringSchema.optional(),
  graceful_timeout: durationSchema().optional(),
}));

const addressSchema = z
  .string()
  .max(256)
  .refine(isHostAndPort, { error: 'Expected HOST:PORT, an IPv6 address in brackets' });

const healthCheckSchema = lazyObject(() => ({
  type: z.enum(['http', 'grpc', 'tcp', 'exec']),
  http: lazyObject(() => ({
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    headers: z.record(z.string(), z.string()).optional(),
  })).optional(),
  grpc: lazyObject(() => ({ address: addressSchema, service: z.string().max(256).optional() })).optional(),
  tcp: lazyObject(() => ({ address: hostSchema.optional(), port: portSchema })).optional(),
  exec: lazyObject(() => ({ command: programSchema, args: argumentsSchema.optional() })).optional(),
  run_options: runOptionsSchema.optional(),
})).refine((check) => check[check.type] !== undefined, 'Expected the section that `type` names');

export const unitSchema = lazyObject(() => ({
  managed: lazyObject(() => ({
    metadata: metadataSchema.optional(),
    control: controlSchema.optional(),
    health_check: healthCheckSchema.optional(),
  })).optional(),
  integrated: lazyObject(() => ({
    metadata: metadataSchema.optional(),
    control: controlSchema.optional(),
    health_check_run_options: runOptionsSchema.optional(),
  })).optional(),
  unmanaged: lazyObject(() => ({
    metadata: metadataSchema.optional(),
    discovery: lazyObject(() => ({
      method: z.enum(['process-name', 'port', 'pid-file']),
      process_name: z.string().max(256).optional(),
      process_args: z.array(z.string().max(4_096)).max(64).optional(),
      port: portSchema.optional(),
      pid_file: absolutePathSchema.optional(),
      check_interval: durationSchema({ fromMs: 100 }).optional(),
    })).optional(),
    control: lazyObject(() => ({
      can_terminate: z.boolean().optional(),
      allowed_signals: z.array(signalSchema).max(16).optional(),
      graceful_timeout: durationSchema().optional(),
    })).optional(),
    health_check: healthCheckSchema.optional(),
  })).optional(),
})).meta({ id: 'WorkerUnit', description: 'The same, nested: for files that are written so already.' });

export type WorkerUnitInput = z.infer<typeof unitSchema>;
export type WorkerHealthCheck = z.infer<typeof healthCheckSchema>;
export type HealthCheckOptions = z.infer<typeof runOptionsSchema>;
