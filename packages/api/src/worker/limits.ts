import { z } from 'zod';
import { byteRateSchema, bytesSchema, durationSchema } from '../quantity.ts';
import { lazyObject } from '../lazyObject.ts';

/** How much of the machine a worker may take, and what happens when it takes more. */

export const LIMIT_POLICIES = [
  'none',
  'log',
  'alert',
  'throttle',
  'graceful_shutdown',
  'immediate_kill',
  'restart',
  'restart_adjusted',
  'escalate',
] as const;

const policySchema = z.enum([...LIMIT_POLICIES, 'alert_only']).meta({
  description:
    'What follows when a limit is exceeded. `log`: a line. `alert` or `alert_only`: an event. `throttle`: it is slowed down. `graceful_shutdown`: stopped. `immediate_kill`: killed. `restart`; `restart_adjusted`: with limits half as high again, up to twice. `escalate`: alert, throttle, restart, kill, one after the other while it lasts. Default `alert`.',
});

const common = {
  policy: policySchema.optional(),
  warning_threshold: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Percent of a limit from which on a warning is told. Default 80.' }),
};

const countSchema = z.int().min(1).max(10_000_000);

export const workerLimitsSchema = lazyObject(() => ({
  memory: lazyObject(() => ({
    max_rss: bytesSchema().optional().meta({ description: 'Resident memory of all its processes.' }),
    max_virtual: bytesSchema().optional().meta({ description: 'Address space of its largest process.' }),
    max_swap: bytesSchema({ from: 0 }).optional(),
    ...common,
  })).optional(),
  cpu: lazyObject(() => ({
    max_percent: z.number().positive().max(100_000).optional().meta({ description: 'Of one core: 200 is two.' }),
    max_cores: z.number().positive().max(1_000).optional().meta({ description: 'The same in cores.' }),
    max_time: durationSchema({ fromMs: 1_000 }).optional().meta({ description: 'Processor time since its start.' }),
    shares: z.int().min(1).max(10_000).optional().meta({ description: 'Weight against others; 100 is usual.' }),
    ...common,
  })).optional(),
  io: lazyObject(() => ({
    max_read_rate: byteRateSchema().optional(),
    max_write_rate: byteRateSchema().optional(),
    max_read_ops: countSchema.optional().meta({ description: 'A second.' }),
    max_write_ops: countSchema.optional().meta({ description: 'A second.' }),
    max_file_descriptors: countSchema.optional().meta({ description: 'Of one process.' }),
    ...common,
  })).optional(),
  process: lazyObject(() => ({
    max_processes: countSchema.optional().meta({ description: 'Processes and threads.' }),
    ...common,
  })).optional(),
  network: lazyObject(() => ({
    max_connections: countSchema.optional().meta({ description: 'TCP connections, established.' }),
    ...common,
  })).optional(),
  storage: lazyObject(() => ({
    max_temporary: bytesSchema().optional().meta({ description: 'Files in its `TMPDIR`, a directory of its own.' }),
    max_logs: bytesSchema().optional().meta({ description: 'Kept output, compressed or not.' }),
    max_file_size: bytesSchema().optional().meta({ description: 'Of a file that it writes.' }),
    ...common,
  })).optional(),
})).meta({ id: 'WorkerLimits' });

export const resourceMonitoringSchema = lazyObject(() => ({
  enabled: z.boolean().optional().meta({ description: 'Default true.' }),
  interval: durationSchema({ fromMs: 100 }).optional().meta({ description: 'Between two samples. Default `10s`.' }),
  history_retention: durationSchema().optional().meta({ description: 'Default `1h`.' }),
})).meta({ id: 'WorkerMonitoring' });

export type WorkerLimitsInput = z.infer<typeof workerLimitsSchema>;
export type WorkerMonitoringInput = z.infer<typeof resourceMonitoringSchema>;
