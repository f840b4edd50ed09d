import type { WorkerInput, WorkerLimitsInput } from '@roundhouse/api';
import { bytesOf, bytesPerSecond, durationMs } from './quantities.ts';
import type { LimitName, LimitPolicy, LimitsSpec, LogSpec, MonitoringSpec } from './spec.ts';

const WARN_PERCENT = 80;
const PERCENT_OF_CORE = 100;

type Section = {
  readonly policy?: LimitPolicy | 'alert_only' | undefined;
  readonly warning_threshold?: number | undefined;
};

export function limitsOf({ memory, cpu, io, process, network, storage }: WorkerLimitsInput = {}): LimitsSpec {
  const cores = cpu?.max_cores === undefined ? undefined : cpu.max_cores * PERCENT_OF_CORE;
  return {
    ...section(memory, {
      'memory.max_rss': memory?.max_rss && bytesOf(memory.max_rss),
      'memory.max_virtual': memory?.max_virtual && bytesOf(memory.max_virtual),
      'memory.max_swap': memory?.max_swap === undefined ? undefined : bytesOf(memory.max_swap),
    }),
    ...section(cpu, {
      'cpu.max_percent': lowest(cpu?.max_percent, cores),
      'cpu.max_time': cpu?.max_time && durationMs(cpu.max_time),
      'cpu.shares': cpu?.shares,
    }),
    ...section(io, {
      'io.max_read_rate': io?.max_read_rate && bytesPerSecond(io.max_read_rate),
      'io.max_write_rate': io?.max_write_rate && bytesPerSecond(io.max_write_rate),
      'io.max_read_ops': io?.max_read_ops,
      'io.max_write_ops': io?.max_write_ops,
      'io.max_file_descriptors': io?.max_file_descriptors,
    }),
    ...section(process, { 'process.max_processes': process?.max_processes }),
    ...section(network, { 'network.max_connections': network?.max_connections }),
    ...section(storage, {
      'storage.max_temporary': storage?.max_temporary && bytesOf(storage.max_temporary),
      'storage.max_logs': storage?.max_logs && bytesOf(storage.max_logs),
      'storage.max_file_size': storage?.max_file_size && bytesOf(storage.max_file_size),
    }),
  };
}

function lowest(...values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

function section(
  { policy = 'alert', warning_threshold: percent = WARN_PERCENT }: Section = {},
  values: Readonly<Partial<Record<LimitName, number | '' | undefined>>>,
): LimitsSpec {
  const given = Object.entries(values).filter((entry): entry is [LimitName, number] => typeof entry[1] === 'number');
  const common = { policy: policy === 'alert_only' ? 'alert' : policy, warnRatio: percent / 100 } as const;
  return Object.fromEntries(given.map(([name, value]) => [name, { value, ...common }]));
}

export function monitoringOf(input: NonNullable<WorkerInput['resource_monitoring']> = {}): MonitoringSpec {
  return {
    isEnabled: input.enabled ?? true,
    intervalMs: durationMs(input.interval ?? '10s'),
    retentionMs: durationMs(input.history_retention ?? '1h'),
  };
}

const LOG_BYTES = 10_000_000;
const LOG_FILES = 5;

export function logsOf(input: NonNullable<WorkerInput['logs']> = {}): LogSpec {
  const { max_size: size, max_age: age, rate_limit: rate, forward } = input;
  return {
    mode: input.mode ?? 'daemon',
    maxBytes: size === undefined ? LOG_BYTES : bytesOf(size),
    maxFiles: input.max_files ?? LOG_FILES,
    maxAgeMs: age === undefined ? undefined : durationMs(age),
    isCompressed: input.compress ?? true,
    rateLimit: rate === undefined ? undefined : bytesOf(rate),
    forward: forward && { pattern: forward.pattern, stream: forward.stream },
  };
}
