import type { WorkerState } from '@roundhouse/api';
import type { Run } from '../process/contract.ts';
import type { RestartTrigger, Severity } from '../spec/spec.ts';

/** Why an instance does not run, and is not to. */
export type IdleReason =
  | 'never_started'
  | 'by_request'
  /** Roundhouse was shut down, and took it along. */
  | 'shutdown'
  | 'completed'
  | 'scheduled'
  | 'dependency'
  | 'limit_exceeded'
  | 'not_found';

/** Why an instance is taken down. */
export type StopCause =
  | 'by_request'
  | 'shutdown'
  | 'restart_requested'
  | 'spec_changed'
  | 'dependency'
  | 'startup_failed'
  | 'liveness_failed'
  | 'limit_exceeded';

/** What comes when all of it is gone. */
export type AfterStop =
  | { readonly kind: 'idle'; readonly reason: IdleReason }
  /** At once, by request. */
  | { readonly kind: 'start' }
  /** The restart policy decides. */
  | { readonly kind: 'decide'; readonly trigger: RestartTrigger; readonly severity: Severity };

/** How far a stop has come. */
export type StopPhase = 'drain' | 'pre_stop' | 'signal' | 'kill';

/** Where an instance stands. Each state has what only it can have. */
export type InstanceState =
  | { readonly kind: 'idle'; readonly reason: IdleReason }
  /** Wanted, and waiting for what it depends on. */
  | { readonly kind: 'blocked' }
  /** Its program is about to begin; `held`: it is to go as soon as it is there. */
  | {
      readonly kind: 'launching';
      readonly held: { readonly cause: StopCause; readonly after: AfterStop } | undefined;
    }
  /** Up, and its startup probe has yet to pass. */
  | { readonly kind: 'probing'; readonly run: Run }
  /** Up, and not ready. */
  | { readonly kind: 'running'; readonly run: Run; readonly reason: 'readiness_pending' | 'readiness_failed' }
  | { readonly kind: 'ready'; readonly run: Run }
  | {
      readonly kind: 'stopping';
      readonly run: Run;
      readonly phase: StopPhase;
      readonly cause: StopCause;
      readonly after: AfterStop;
      /** Monotonic, ms: then it is killed. */
      readonly graceEnds: number;
    }
  /** To be started again, at `until` (wall clock, ms; null: when somebody says so). */
  | {
      readonly kind: 'waiting';
      readonly reason: 'backoff' | 'crash_loop' | 'circuit_open' | 'start_failed';
      readonly until: number;
    }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Its processes outlive SIGKILL, or cannot be judged; `after`: what comes when they are gone after all. */
  | {
      readonly kind: 'unknown';
      readonly run: Run | undefined;
      readonly reason: string;
      readonly after: AfterStop | undefined;
    };

export type StateKind = InstanceState['kind'];

/** As the API names them. */
export const SHOWN_STATES = {
  idle: 'stopped',
  blocked: 'starting',
  launching: 'starting',
  probing: 'starting',
  running: 'running',
  ready: 'ready',
  stopping: 'stopping',
  waiting: 'restarting',
  failed: 'failed',
  unknown: 'unknown',
} as const satisfies Record<StateKind, WorkerState>;

/** Why it is in its state, as one word. */
export function reasonOf(state: InstanceState): string {
  switch (state.kind) {
    case 'idle':
    case 'running':
    case 'waiting':
    case 'failed':
    case 'unknown':
      return state.reason;
    case 'stopping':
      return state.cause;
    case 'probing':
      return 'startup_probe';
    case 'ready':
      return 'started';
    default:
      return state.kind;
  }
}

/** The run that is going on. */
export function runOf(state: InstanceState): Run | undefined {
  return 'run' in state ? state.run : undefined;
}
