import type { Scope } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { InstanceState } from '../instance/state.ts';
import type { Signal, WorkerSpec } from '../spec/spec.ts';
import type { ExecuteResult, InstanceStatus, InstanceUsage, Move, SupervisorEvents } from './contract.ts';

/** One instance of a worker, whoever starts it. */
export interface Member {
  readonly id: InstanceId;
  readonly state: InstanceState;
  /** Oldest first; the latest are kept. */
  readonly moves: readonly Move[];
  status(): InstanceStatus;
  usage(sinceMs?: number): Promise<InstanceUsage>;
  /** All workers are known: goes on with what was, or begins. */
  resume(): void;
  /** The schedule wants it. */
  runOnce(): void;
  start(options: { readonly force?: boolean | undefined }, scope: Scope): Promise<void>;
  stop(cause: 'by_request' | 'dependency' | 'shutdown', scope: Scope): Promise<void>;
  restart(cause: 'restart_requested' | 'spec_changed' | 'dependency', scope: Scope): Promise<void>;
  reload(scope: Scope): Promise<void>;
  signal(signal: Signal): Promise<void>;
  execute(command: readonly [string, ...string[]], scope: Scope): Promise<ExecuteResult>;
  /** Takes on what can be changed in place. */
  reconfigure(spec: WorkerSpec): Promise<void>;
  /** Whether it runs, or failed, by an earlier specification than its own. */
  readonly isStale: boolean;
  /** It is not wanted any more: what is held here is stopped, and nothing of it is left but its logs. */
  retire(scope: Scope): Promise<void>;
  /** Lets go of it: what runs goes on. Idempotent. */
  close(): Promise<void>;
}

/** Tells what happens to an instance. */
export type Tell = <K extends keyof SupervisorEvents>(
  name: K,
  fact: Omit<SupervisorEvents[K], 'id' | 'labels'>,
) => void;
