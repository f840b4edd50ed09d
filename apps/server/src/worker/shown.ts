import {
  type Resource,
  type ResourceFields,
  type ResourceInput,
  type ResourceKind,
  WORKER,
  type WorkerInstanceResource,
  type WorkerLimitStatus,
  type WorkerUsageSample,
} from '@roundhouse/api';
import type { InstanceStatus, LimitStatus, ProbeStatus, Sample, WorkerSpec, WorkerStatus } from '@roundhouse/workers';
import { LIMIT_UNITS } from '@roundhouse/workers';
import { hideFields } from '../resource/secretFields.ts';

const { secrets }: ResourceKind = WORKER;

/** Of a worker that has no instance. */
const NO_INSTANCE: Omit<WorkerInstanceResource, 'instance' | 'state' | 'reason' | 'since'> = {
  message: null,
  pid: null,
  started_at: null,
  restarts: 0,
  last_exit: null,
  next_start_at: null,
  blocked_by: [],
  health: { startup: null, readiness: null, liveness: null },
  limits: [],
  usage: null,
  metrics: [],
};

/** `status`: undefined where nobody supervises it. */
export function workerShown(
  input: ResourceInput<'worker'>,
  spec: WorkerSpec,
  status: WorkerStatus | undefined,
): Omit<Resource<'worker'>, keyof ResourceFields> {
  const instances = status?.instances.map(instanceShown) ?? [];
  const { instance: _, ...first } = instances[0] ?? { ...NO_INSTANCE, instance: 0, since: null };
  return {
    id: spec.id,
    description: input.description ?? null,
    type: spec.type,
    enabled: spec.isEnabled,
    command: spec.program === undefined ? null : [...spec.program.command],
    group: spec.group ?? null,
    labels: spec.labels,
    ...first,
    replicas: status?.replicas ?? spec.replicas,
    state: status?.state ?? 'unknown',
    reason: status?.reason ?? 'not_supervised',
    instances,
    spec: hideFields(input, secrets ?? []),
  };
}

function instanceShown(status: InstanceStatus): WorkerInstanceResource {
  const { lastExit, probes } = status;
  return {
    instance: status.id.number,
    state: status.state,
    reason: status.reason,
    message: status.trouble ?? null,
    since: rfc3339(status.since),
    pid: status.process?.pid ?? null,
    started_at: timeShown(status.startedAt),
    restarts: status.restarts,
    last_exit: lastExit === undefined ? null : exitShown(lastExit),
    next_start_at: timeShown(status.nextStartAt),
    blocked_by: [...status.blockedBy],
    health: {
      startup: probeShown(probes.startup),
      readiness: probeShown(probes.readiness),
      liveness: probeShown(probes.liveness),
    },
    limits: status.limits.map(limitShown),
    usage: status.sample === undefined ? null : sampleShown(status.sample),
    metrics: [...status.metrics],
  };
}

function exitShown({ code, signal, reason, at }: NonNullable<InstanceStatus['lastExit']>) {
  return { code, signal, reason, at: rfc3339(at) };
}

function probeShown(probe: ProbeStatus | null) {
  if (probe === null) return null;
  const { checkedAt, elapsedMs, steps, ...rest } = probe;
  return {
    ...rest,
    checked_at: timeShown(checkedAt),
    elapsed_ms: elapsedMs,
    steps: steps.map(({ name, ok, elapsedMs: took, code = null }) => ({ name, ok, elapsed_ms: took, code })),
  };
}

export function limitShown({ limit, ...rest }: LimitStatus): WorkerLimitStatus {
  return { limit, unit: LIMIT_UNITS[limit], ...rest };
}

export function sampleShown(sample: Sample): WorkerUsageSample {
  return {
    at: rfc3339(sample.at),
    processes: sample.processes,
    threads: sample.threads,
    cpu_percent: sample.cpuPercent,
    cpu_time_ms: sample.cpuTimeMs,
    rss_bytes: sample.rssBytes,
    virtual_bytes: sample.virtualBytes,
    swap_bytes: sample.swapBytes,
    file_descriptors: sample.fileDescriptors,
    connections: sample.connections,
    read_bytes: sample.readBytes,
    write_bytes: sample.writeBytes,
    read_ops: sample.readOps,
    write_ops: sample.writeOps,
    temporary_bytes: sample.temporaryBytes,
    log_bytes: sample.logBytes,
  };
}

export function rfc3339(time: number): string {
  return new Date(time).toISOString();
}

function timeShown(time: number | null | undefined): string | null {
  return time === undefined || time === null ? null : rfc3339(time);
}
