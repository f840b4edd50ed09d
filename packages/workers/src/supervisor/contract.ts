import type { Labels, WorkerState } from '@roundhouse/api';
import type { Scope, Unsubscribe } from '@roundhouse/core';
import type { Metric, Notice } from '../contract/contract.ts';
import type { InstanceId } from '../instance/id.ts';
import type { LimitStatus, Sample, Violation } from '../limits/contract.ts';
import type { LogLine, Logs } from '../logs/contract.ts';
import type { ProbeStatuses, ProbeVerdict } from '../probe/contract.ts';
import type { Exit, ProcessIdentity } from '../process/contract.ts';
import type { Signal, WorkerSpec } from '../spec/spec.ts';

/** How an instance stands. Times are ms of the wall clock. */
export interface InstanceStatus {
  readonly id: InstanceId;
  readonly state: WorkerState;
  /** Why it is in its state, as one word. */
  readonly reason: string;
  readonly since: number;
  /** Why its last start failed, in words. */
  readonly trouble: string | undefined;
  readonly process: ProcessIdentity | undefined;
  readonly startedAt: number | undefined;
  /** Starts after the first since somebody started it. */
  readonly restarts: number;
  readonly lastExit: (Exit & { readonly reason: string }) | undefined;
  /** When backoff, breaker or schedule let it start. */
  readonly nextStartAt: number | undefined;
  /** Workers that it waits for. */
  readonly blockedBy: readonly string[];
  readonly probes: ProbeStatuses;
  readonly limits: readonly LimitStatus[];
  readonly sample: Sample | undefined;
  /** What an integrated worker tells of itself. */
  readonly metrics: readonly Metric[];
}

/** Where an instance has been; the latest moves are kept. */
export interface Move {
  readonly at: number;
  readonly from: WorkerState;
  readonly to: WorkerState;
  readonly reason: string;
}

/** How a worker stands: never without the instances that it has at present. */
export interface WorkerStatus {
  readonly spec: WorkerSpec;
  /** The worst of its instances; `stopped` when it has none. */
  readonly state: WorkerState;
  readonly reason: string;
  /** As scaled; else as specified. */
  readonly replicas: number;
  readonly instances: readonly InstanceStatus[];
}

/** One instance of a worker, or all of them. */
export interface WorkerTarget {
  readonly worker: string;
  readonly instance?: number | undefined;
}

export interface InstanceUsage {
  readonly id: InstanceId;
  readonly limits: readonly LimitStatus[];
  /** Taken when it was asked for, what is dear to read included; undefined when nothing runs. */
  readonly now: Sample | undefined;
  /** Oldest first. */
  readonly history: readonly Sample[];
}

interface OfInstance {
  readonly id: InstanceId;
  /** Of its worker. */
  readonly labels: Labels;
}

export interface SupervisorEvents {
  moved: OfInstance & {
    readonly from: WorkerState;
    readonly to: WorkerState;
    readonly reason: string;
    readonly pid: number | undefined;
    readonly restarts: number;
  };
  exited: OfInstance & { readonly exit: Exit; readonly reason: string };
  /** Found running, and taken over. */
  adopted: OfInstance & { readonly process: ProcessIdentity };
  probed: OfInstance & { readonly verdict: ProbeVerdict };
  violated: OfInstance & { readonly violation: Violation };
  recovered: OfInstance & { readonly limit: string };
  /** An integrated worker has something to say to people. */
  noticed: OfInstance & { readonly notice: Notice };
  /** A line that its `logs.forward` asks for. */
  logged: OfInstance & { readonly line: LogLine };
}

export type ExecuteResult = { readonly code: number | null; readonly output: string };

/**
 * Keeps workers as they are to be. Commands on workers serialise by themselves: the latest is what counts, and an
 * earlier one that waits raises WORKER_SUPERSEDED. Every command raises WORKER_NOT_FOUND.
 */
export interface Supervisor extends AsyncDisposable {
  /** What limits are enforced with here. */
  readonly backends: readonly string[];
  readonly logs: Logs;
  on<K extends keyof SupervisorEvents>(name: K, listener: (fact: SupervisorEvents[K]) => void): Unsubscribe;

  /** Takes over what runs, once, however often it is asked. Raises WORKER_RUN_DIRECTORY, SUPERVISOR_RUNNING. */
  open(scope: Scope): Promise<void>;
  /** Raises what keeps the worker from being: WORKER_UNIT_CONFLICT, WORKER_INVALID, SCHEDULE_INVALID, NOT_SUPPORTED. */
  check(spec: WorkerSpec): void;
  /**
   * The worker is to be so from now on. What can be changed in place is; a change of its program restarts what runs,
   * one instance after the other. Does not wait for that.
   */
  set(spec: WorkerSpec): Promise<void>;
  /** Stops the worker, unless somebody else has started it, and forgets it. Does not wait for the stop. */
  remove(worker: string): Promise<void>;
  /** All that is set is known: starts what is to run, and stops what is left of workers that there are no more. */
  begin(): Promise<void>;

  list(): readonly WorkerStatus[];
  find(worker: string): WorkerStatus | undefined;
  /** Oldest first. */
  history(target: WorkerTarget): readonly { readonly id: InstanceId; readonly moves: readonly Move[] }[];

  /** Raises WORKER_NO_COMMAND, WORKER_FAILED, WORKER_SUPERSEDED, WORKER_NOT_OURS. `force`: past dependencies and waits. */
  start(target: WorkerTarget, options: { readonly force?: boolean | undefined }, scope: Scope): Promise<void>;
  /** With those that depend on it and are to go with it, first. Raises WORKER_KILL_FAILED, WORKER_SUPERSEDED, WORKER_NOT_OURS. */
  stop(target: WorkerTarget, scope: Scope): Promise<void>;
  /** Several workers: each before what it depends on. Raises what `stop` does, when all have been tried. */
  stopAll(workers: readonly string[], scope: Scope): Promise<void>;
  /** Those that are up one after the other, until one does not come back; the others at once. Raises what `start` does. */
  restart(target: WorkerTarget, scope: Scope): Promise<void>;
  /** Has it read its configuration again. Raises WORKER_NOT_RUNNING, WORKER_RELOAD_REFUSED. */
  reload(target: WorkerTarget, scope: Scope): Promise<void>;
  /** Raises WORKER_NOT_RUNNING, WORKER_NOT_OURS. */
  signal(target: WorkerTarget, signal: Signal): Promise<void>;
  /** Runs a command as the worker is run: user, place, environment. Output is bounded. Default: its first instance. */
  execute(target: WorkerTarget, command: readonly [string, ...string[]], scope: Scope): Promise<ExecuteResult>;
  /** So many instances, until the specification says another number. 0 … 1000. */
  scale(worker: string, replicas: number): Promise<void>;
  usage(target: WorkerTarget, sinceMs?: number): Promise<readonly InstanceUsage[]>;

  /** Lets go of all: what runs goes on, or is stopped first, dependants before what they depend on. Idempotent. */
  close(workers: 'leave' | 'stop', scope: Scope): Promise<void>;
}
