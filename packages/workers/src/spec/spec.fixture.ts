import { type WorkerInput, workerInputSchema } from '@roundhouse/api';
import fc from 'fast-check';
import { resolveWorker } from './resolve.ts';
import type { WorkerSpec } from './spec.ts';

/** A worker as a file has it, by the way that files take: the schema first. */
export function specOf(written: unknown): WorkerSpec {
  return resolveWorker(workerInputSchema.parse(written));
}

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,7}$/);
const duration = fc.oneof(
  fc.integer({ min: 100, max: 100_000 }).map((ms) => `${ms}ms`),
  fc.integer({ min: 1, max: 10_000 }).map((seconds) => `${seconds}s`),
);
const size = fc.oneof(
  fc.integer({ min: 4_096, max: 1e12 }),
  fc.integer({ min: 1, max: 1_000 }).map((count) => `${count}MiB`),
);
const sparse = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T, never>(fields, { requiredKeys: [] });

/** Fields that both forms of a worker have, as the flat one has them. */
export type CommonFields = Pick<
  WorkerInput,
  | 'command'
  | 'description'
  | 'working_directory'
  | 'environment'
  | 'limits'
  | 'resource_monitoring'
  | 'stop'
  | 'restart'
>;

export const commonFields: fc.Arbitrary<CommonFields> = fc.record(
  {
    command: fc.array(word, { minLength: 1, maxLength: 3 }),
    description: word,
    working_directory: word.map((name) => `/srv/${name}`),
    environment: fc.dictionary(word, fc.string({ maxLength: 8 })),
    limits: sparse({
      memory: sparse({ max_rss: size, max_swap: fc.constant(0), policy: fc.constantFrom('alert_only', 'restart') }),
      cpu: sparse({ max_percent: fc.integer({ min: 1, max: 800 }), max_cores: fc.integer({ min: 1, max: 8 }) }),
      storage: sparse({ max_temporary: size, warning_threshold: fc.integer({ min: 1, max: 100 }) }),
    }),
    resource_monitoring: sparse({ enabled: fc.boolean(), interval: duration, history_retention: duration }),
    stop: fc.record({ grace: duration }),
    restart: sparse({
      policy: fc.constantFrom('never', 'always', 'on_failure', 'unless_stopped'),
      context_aware: sparse({ startup_grace_period: duration, default: sparse({ retry_delay: duration }) }),
    }),
  },
  // A program is what the rest of the environment belongs to.
  { requiredKeys: ['command'] },
);

/** As configurations of hsu-master have it: a file in the nested form. */
export const NESTED_FILE = `
workers:
  - id: "memory-limited-worker"
    type: "managed"
    unit:
      managed:
        control:
          limits:
            memory: { max_rss: "512MB", max_virtual: "1GB", policy: "graceful_shutdown", warning_threshold: 80 }   # %
            cpu: { max_percent: 50, max_time: "1h", policy: "throttle" }
            io: { max_read_rate: "100MB/s", max_write_rate: "50MB/s", max_file_descriptors: 1024, policy: "alert_only" }
          resource_monitoring: { enabled: true, interval: "30s", history_retention: "24h" }
`;
