import type { Scope, Unsubscribe } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { Signal, SocketSpec } from '../spec/spec.ts';
import type { SignalResponse } from './signalResponse.ts';

/** A process, told from all others that ever had its number: field 22 of `/proc/PID/stat`, and the boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start. */
  readonly startTime: number;
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly bootId: string;
}

/** One life of a program. */
export interface Run {
  /** Counts the starts of an instance, from 1; a generation is started at most once, however often it is asked for. */
  readonly generation: number;
  readonly process: ProcessIdentity;
  /** Wall clock, ms. */
  readonly startedAt: number;
}

/** How a run has ended. */
export interface Exit {
  readonly generation: number;
  /** Null when a signal ended it, or nobody saw how. */
  readonly code: number | null;
  /** With `SIG`. */
  readonly signal: string | null;
  /** Whether its parent saw it: else both are null. */
  readonly isKnown: boolean;
  /** Wall clock, ms. */
  readonly at: number;
}

/** All that a program is started with: resolved, and final. */
export interface Launch {
  readonly command: readonly [string, ...string[]];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Files made for this run, mode 0400, owned by the user, in a directory that `ROUNDHOUSE_SECRETS` names. */
  readonly secretFiles: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string } | undefined;
  readonly umask: number;
  readonly nice: number | undefined;
  readonly oomScoreAdjust: number | undefined;
  readonly keepCapabilities: readonly string[] | undefined;
  readonly hasNoNewPrivileges: boolean;
  /** `cgroup.procs` or `tasks` files that it joins before it begins. */
  readonly cgroups: readonly string[];
  /** Names as prlimit(1) has them, soft and hard alike: `{ nofile: 1024 }`. */
  readonly rlimits: Readonly<Record<string, number>>;
  /** What it writes goes straight to these; undefined: to the log daemon. */
  readonly logFiles: { readonly stdout: string; readonly stderr: string } | undefined;
  /** It gets them listening, as sd_listen_fds(3) has it; they stay open from one run to the next. */
  readonly sockets: readonly SocketSpec[];
}

/** What of an instance was found when the supervisor began. */
export interface Found {
  readonly instance: InstanceId;
  /** The latest generation that was asked for; 0 for none. */
  readonly generation: number;
  /** It is running now. */
  readonly run: Run | undefined;
  /** How the latest generation ended, where it has. */
  readonly exit: Exit | undefined;
}

export interface KeeperEvents {
  /** The run has ended; told once a generation. */
  exited: Exit;
  /** The shim is gone while its program goes on: it is watched, and its exit code will not be known. */
  shimLost: { readonly generation: number };
}

/**
 * Holds the program of one instance: starts it, tells how it ends, kills all of it. Nothing here decides. Closing lets
 * go of it: what runs goes on, for the next keeper to find.
 */
export interface Keeper extends AsyncDisposable {
  readonly instance: InstanceId;
  /** The run that is going on. */
  readonly run: Run | undefined;
  on<K extends keyof KeeperEvents>(name: K, listener: (fact: KeeperEvents[K]) => void): Unsubscribe;
  /**
   * Does what the first start needs whatever is started, which need not wait for it then. What fails here, fails again
   * there. `hasSockets`: whether it will be asked to pass any.
   */
  prepare(hasSockets: boolean, scope: Scope): Promise<void>;
  /**
   * Starts the generation, or gives its run when it has been started already. Raises WORKER_START_FAILED with
   * `details.stage` (program, directory, user, limits, socket, spawn) and `details.reason`, WORKER_RUN_DIRECTORY for a disk that is
   * full or read-only.
   */
  start(generation: number, launch: Launch, scope: Scope): Promise<Run>;
  /** Whether it was sent: false when the process is gone, or is not the one that was started. */
  signal(signal: Signal, to: 'leader' | 'group'): Promise<boolean>;
  /** What the leader would do about it; undefined when it is gone, or that cannot be known. */
  responseTo(signal: Signal): SignalResponse | undefined;
  /** Ends the whole tree with SIGKILL; resolves when none of it is left. Raises WORKER_KILL_FAILED. */
  kill(scope: Scope): Promise<void>;
  /** Whether anything of the tree is left, the leader aside. */
  hasStragglers(): Promise<boolean>;
  /** Pids of the whole tree. */
  pids(): Promise<readonly number[]>;
  /** The instance is not wanted any more: its shim ends and its directory goes. Nothing may run. */
  retire(scope: Scope): Promise<void>;
}

/** The machine that programs run on. */
export interface ProcessHost extends AsyncDisposable {
  /** Opens the run directory, finds what runs, and sees to spawner and log daemon. Raises WORKER_RUN_DIRECTORY, SUPERVISOR_RUNNING. */
  open(scope: Scope): Promise<readonly Found[]>;
  /** The keeper of an instance; one at a time. */
  keeper(instance: InstanceId): Keeper;
  /** Runs a command as the program is run, to its end: for probes and hooks. Raises WORKER_COMMAND_FAILED. */
  execute(launch: Launch, scope: Scope): Promise<{ readonly code: number | null; readonly output: string }>;
  /**
   * Ends the shims of instances that do not run, and, when nothing runs, spawner and log daemon as well; then closes.
   * Closing alone leaves all of them for the next supervisor.
   */
  shutdown(scope: Scope): Promise<void>;
}
