import type { Scope, Unsubscribe } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { Run } from '../process/contract.ts';
import type { LimitName, LimitPolicy, LimitsSpec, MonitoringSpec, Severity } from '../spec/spec.ts';

/** What all processes of a run take together. Null: it could not be read, for lack of rights or because nobody asked. */
export interface Sample {
  /** Wall clock, ms. */
  readonly at: number;
  readonly processes: number;
  readonly threads: number;
  /** Of one core, since the sample before. */
  readonly cpuPercent: number | null;
  readonly cpuTimeMs: number;
  /** Of a control group, or the sum over its processes, which counts shared pages more than once. */
  readonly rssBytes: number;
  /** Of its largest process. */
  readonly virtualBytes: number;
  readonly swapBytes: number;
  /** Of the process that has most. */
  readonly fileDescriptors: number | null;
  /** TCP, established. */
  readonly connections: number | null;
  /** From and to disks, since its start. */
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  /** Calls of read(2) and its like, or requests to the disk where a control group counts those. */
  readonly readOps: number | null;
  readonly writeOps: number | null;
  /** At the time of the sample before, for it takes a walk through the directory; at least. */
  readonly temporaryBytes: number | null;
  readonly logBytes: number | null;
}

export interface LimitStatus {
  readonly limit: LimitName;
  readonly value: number;
  /** `kernel`: it cannot be exceeded. `watched`: samples are compared with it. `unavailable`: it cannot be had here. */
  readonly enforcement: 'kernel' | 'watched' | 'unavailable';
  /** `cgroup v1 memory`, `rlimit nofile`, `/proc`; or why it is unavailable. */
  readonly by: string;
  readonly policy: LimitPolicy;
  readonly used: number | null;
  readonly state: 'ok' | 'warning' | 'exceeded' | 'unknown';
}

/** A limit that is exceeded for as long as it takes, or nearly. */
export interface Violation {
  readonly limit: LimitName;
  readonly policy: LimitPolicy;
  /** `warning`: near the limit. `critical`: beyond it. `emergency`: half as much again, or beyond it for ten intervals. */
  readonly severity: Severity;
  readonly value: number;
  readonly used: number;
  /** Steps of `escalate` taken before this one. */
  readonly step: number;
}

export interface EnforcementEvents {
  violated: Violation;
  /** Back below the threshold of warnings. */
  recovered: { readonly limit: LimitName };
  /** The kernel has killed one of its processes for want of memory. */
  outOfMemory: { readonly maxBytes: number | null };
}

/** The limits of one instance. */
export interface Enforcement extends AsyncDisposable {
  /** For the launch: files to join, resource limits to set. */
  readonly cgroups: readonly string[];
  readonly rlimits: Readonly<Record<string, number>>;
  readonly statuses: readonly LimitStatus[];
  readonly latest: Sample | undefined;
  on<K extends keyof EnforcementEvents>(name: K, listener: (fact: EnforcementEvents[K]) => void): Unsubscribe;
  /** Samples the run until the scope ends. */
  watch(run: Run, scope: Scope): void;
  /** All that can be read of the watched run, now, the dear parts included; not kept. Undefined when nothing runs. */
  sampleNow(): Promise<Sample | undefined>;
  /** Oldest first, as far as they are kept. */
  history(sinceMs?: number): readonly Sample[];
  /** Slows it down to its processor limit, or where it has none to half of what it took last; or no longer. */
  throttle(isOn: boolean): Promise<void>;
  /** Whether the run was killed by the kernel for want of memory. */
  wasOutOfMemory(): Promise<boolean>;
  /** Changes limits of what runs; what cannot be changed in place is named. */
  change(limits: LimitsSpec, monitoring: MonitoringSpec): Promise<readonly LimitName[]>;
  /** The instance is not wanted any more. */
  release(): Promise<void>;
}

export interface LimiterSources {
  /** Pids of the whole tree of the run, exactly; may be dear, and is asked for `sampleNow` only. */
  readonly pids: () => Promise<readonly number[]>;
  /** Where its temporary files go; undefined: not watched. */
  readonly temporaryDirectory: string | undefined;
  /** Tells whose disk the limits of input and output are set for; undefined or not on a disk: they are watched. */
  readonly workingDirectory?: string | undefined;
  readonly logBytes: () => Promise<number>;
  readonly sustainedViolationMs: number;
  readonly spikeToleranceMs: number;
}

export interface Limiter {
  /** What this machine has: `cgroup v2 (memory, pids)`, `cgroup v1 (cpu, memory)`, `rlimits`, `/proc`. */
  readonly backends: readonly string[];
  prepare(
    instance: InstanceId,
    limits: LimitsSpec,
    monitoring: MonitoringSpec,
    sources: LimiterSources,
  ): Promise<Enforcement>;
}
