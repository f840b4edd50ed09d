import type { Exit, Run } from '../process/contract.ts';
import type { RestartTrigger, Severity, WorkerSpec } from '../spec/spec.ts';
import type { AfterStop, IdleReason, InstanceState, StateKind, StopCause, StopPhase } from './state.ts';

/** What happens to an instance. */
export type InstanceEvent =
  /** Somebody, or the schedule, wants it to run. `force`: past dependencies and waits. */
  | { readonly kind: 'start'; readonly force: boolean }
  | { readonly kind: 'stop'; readonly cause: StopCause; readonly reason: IdleReason }
  | { readonly kind: 'restart'; readonly cause: StopCause }
  /** What it depends on is there. */
  | { readonly kind: 'unblocked' }
  | { readonly kind: 'launched'; readonly run: Run }
  | { readonly kind: 'launchFailed'; readonly code: string; readonly isRetryable: boolean }
  /** All of its processes are gone. */
  | { readonly kind: 'exited'; readonly exit: Exit }
  | { readonly kind: 'startupPassed' }
  | { readonly kind: 'startupFailed' }
  | { readonly kind: 'readinessPassed' }
  | { readonly kind: 'readinessFailed' }
  | { readonly kind: 'livenessFailed' }
  /** A limit whose policy is to end it; `isKill`: without asking. */
  | { readonly kind: 'limitExceeded'; readonly severity: Severity; readonly isKill: boolean; readonly isFinal: boolean }
  /** A wait of its own is over: the drain, the hook, the grace period, the backoff. */
  | { readonly kind: 'timeUp' }
  /** Processes outlive SIGKILL. */
  | { readonly kind: 'killFailed'; readonly reason: string };

export type EventKind = InstanceEvent['kind'];

/** What is to be done, in order. Whatever waits is ended by the next state. */
export type Effect =
  /** Tells `unblocked` once the dependencies hold. */
  | { readonly kind: 'awaitDependencies' }
  | { readonly kind: 'launch' }
  /** Probes and limits, until the run ends. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'unwatch' }
  /** Tells `timeUp` after so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Tells `timeUp` when it is done, whatever comes of it. */
  | { readonly kind: 'preStop' }
  | { readonly kind: 'signal' }
  | { readonly kind: 'kill' };

/** What the restart policy says of an end. */
export type RestartVerdict =
  | { readonly kind: 'idle'; readonly reason: IdleReason }
  | { readonly kind: 'start' }
  | {
      readonly kind: 'wait';
      readonly ms: number;
      readonly reason: 'backoff' | 'crash_loop' | 'circuit_open' | 'start_failed';
    }
  | { readonly kind: 'fail'; readonly reason: string };

/** What a step may ask. */
export interface StepContext {
  readonly spec: Pick<WorkerSpec, 'stop' | 'probes'>;
  /** Wall clock, ms. */
  readonly now: number;
  /** ms from an arbitrary origin: for waits. */
  readonly monotonic: number;
  /** Counts the end, and says what comes of it. */
  readonly decide: (end: Ending) => RestartVerdict;
}

/** What the restart policy is asked about. */
export type Ending =
  | { readonly kind: 'exited'; readonly exit: Exit; readonly trigger: RestartTrigger; readonly severity: Severity }
  | { readonly kind: 'notLaunched'; readonly code: string; readonly isRetryable: boolean };

export interface Step {
  readonly state: InstanceState;
  readonly effects: readonly Effect[];
}

type StateOf<K extends StateKind> = Extract<InstanceState, { kind: K }>;
type EventOf<K extends EventKind> = Extract<InstanceEvent, { kind: K }>;
type Handler<S extends StateKind, E extends EventKind> = (
  state: StateOf<S>,
  event: EventOf<E>,
  context: StepContext,
) => Step | undefined;
type Table = { readonly [S in StateKind]: { readonly [E in EventKind]: Handler<S, E> } };
type Up = StateOf<'probing' | 'running' | 'ready'>;

/** It does not concern this state: nothing changes. */
const ignore = (): undefined => undefined;

const idle = (reason: IdleReason): Step => ({ state: { kind: 'idle', reason }, effects: [] });
const launch = (): Step => ({ state: { kind: 'launching', held: undefined }, effects: [{ kind: 'launch' }] });
const heldBack = (held: StateOf<'launching'>['held']): Step => ({ state: { kind: 'launching', held }, effects: [] });
const begin = (_state: unknown, { force }: EventOf<'start'>): Step =>
  force ? launch() : { state: { kind: 'blocked' }, effects: [{ kind: 'awaitDependencies' }] };
const beginAgain = (): Step => begin(undefined, { kind: 'start', force: false });
const rest = (_state: unknown, { reason }: EventOf<'stop'>): Step => idle(reason);

function up(run: Run, { spec }: StepContext): Step {
  const { startup, readiness } = spec.probes;
  const state: InstanceState =
    startup !== undefined
      ? { kind: 'probing', run }
      : readiness !== undefined
        ? { kind: 'running', run, reason: 'readiness_pending' }
        : { kind: 'ready', run };
  return { state, effects: [{ kind: 'watch' }] };
}

function follow(verdict: RestartVerdict, now: number): Step {
  switch (verdict.kind) {
    case 'idle':
      return idle(verdict.reason);
    case 'start':
      return beginAgain();
    case 'wait':
      return {
        state: { kind: 'waiting', reason: verdict.reason, until: now + verdict.ms },
        effects: [{ kind: 'wait', ms: verdict.ms }],
      };
    default:
      return { state: { kind: 'failed', reason: verdict.reason }, effects: [] };
  }
}

function ended(_state: unknown, { exit }: EventOf<'exited'>, { decide, now }: StepContext): Step {
  const { state, effects } = follow(decide({ kind: 'exited', exit, trigger: 'exit', severity: 'critical' }), now);
  return { state, effects: [{ kind: 'unwatch' }, ...effects] };
}

function notLaunched({ code, isRetryable }: EventOf<'launchFailed'>, { decide, now }: StepContext): Step {
  return follow(decide({ kind: 'notLaunched', code, isRetryable }), now);
}

/** The first phase that the stop has; `kill` goes there at once. */
function takeDown(run: Run, cause: StopCause, after: AfterStop, context: StepContext, isKill = false): Step {
  const { drainMs, graceMs } = context.spec.stop;
  const phase: StopPhase = isKill ? 'kill' : drainMs > 0 ? 'drain' : nextPhase('drain', context.spec.stop);
  const graceEnds = context.monotonic + drainMs + graceMs;
  const { state, effects } = enter({ kind: 'stopping', run, phase, cause, after, graceEnds }, context);
  return { state, effects: [{ kind: 'unwatch' }, ...effects] };
}

function nextPhase(phase: StopPhase, { preStop }: WorkerSpec['stop']): StopPhase {
  if (phase === 'drain') return preStop === undefined ? 'signal' : 'pre_stop';
  return phase === 'pre_stop' ? 'signal' : 'kill';
}

/** The hook counts against the grace period, as in Kubernetes; so much is left to the signal in any case, ms. */
const MIN_GRACE_MS = 2_000;

function enter(state: StateOf<'stopping'>, { spec, monotonic }: StepContext): Step {
  const { drainMs, graceMs } = spec.stop;
  const left = Math.max(state.graceEnds - monotonic, Math.min(graceMs, MIN_GRACE_MS));
  switch (state.phase) {
    case 'drain':
      return { state, effects: [{ kind: 'wait', ms: drainMs }] };
    case 'pre_stop':
      return { state, effects: hook(state, monotonic) };
    case 'signal':
      return {
        state: { ...state, graceEnds: monotonic + left },
        effects: [{ kind: 'signal' }, { kind: 'wait', ms: left }],
      };
    default:
      return { state, effects: [{ kind: 'kill' }] };
  }
}

/** Whichever is over first ends the phase. */
function hook({ graceEnds }: StateOf<'stopping'>, monotonic: number): readonly Effect[] {
  return [{ kind: 'preStop' }, { kind: 'wait', ms: Math.max(graceEnds - monotonic, 0) }];
}

/** Something else comes after the stop, which goes on as it was: what it waits for is set going anew. */
function turn(before: StateOf<'stopping'>, after: AfterStop, { spec, monotonic }: StepContext): Step {
  const state = { ...before, after };
  const left = Math.max(state.graceEnds - monotonic, 0);
  switch (state.phase) {
    case 'drain':
      return { state, effects: [{ kind: 'wait', ms: Math.max(left - spec.stop.graceMs, 0) }] };
    case 'pre_stop':
      return { state, effects: hook(state, monotonic) };
    case 'signal':
      return { state, effects: [{ kind: 'wait', ms: left }] };
    default:
      return { state, effects: [] };
  }
}

const stop = ({ run }: Up, { cause, reason }: EventOf<'stop'>, context: StepContext): Step =>
  takeDown(run, cause, { kind: 'idle', reason }, context);
const again = ({ run }: Up, { cause }: EventOf<'restart'>, context: StepContext): Step =>
  takeDown(run, cause, { kind: 'start' }, context);
const overLimit = ({ run }: Up, { severity, isKill, isFinal }: EventOf<'limitExceeded'>, context: StepContext): Step =>
  takeDown(
    run,
    'limit_exceeded',
    isFinal ? { kind: 'idle', reason: 'limit_exceeded' } : { kind: 'decide', trigger: 'resource_violation', severity },
    context,
    isKill,
  );
const unhealthy =
  (cause: 'startup_failed' | 'liveness_failed') =>
  ({ run }: Up, _event: unknown, context: StepContext): Step =>
    takeDown(run, cause, { kind: 'decide', trigger: 'health_failure', severity: 'critical' }, context);

function gone(after: AfterStop, { exit }: EventOf<'exited'>, { decide, now }: StepContext): Step {
  if (after.kind === 'idle') return idle(after.reason);
  if (after.kind === 'start') return beginAgain();
  const { trigger, severity } = after;
  return follow(decide({ kind: 'exited', exit, trigger, severity }), now);
}

/** A state that no event concerns. */
const NOTHING = {
  start: ignore,
  stop: ignore,
  restart: ignore,
  unblocked: ignore,
  launched: ignore,
  launchFailed: ignore,
  exited: ignore,
  startupPassed: ignore,
  startupFailed: ignore,
  readinessPassed: ignore,
  readinessFailed: ignore,
  livenessFailed: ignore,
  limitExceeded: ignore,
  timeUp: ignore,
  killFailed: ignore,
} as const satisfies Record<EventKind, typeof ignore>;

/** What an event does in a state. */
const TABLE: Table = {
  idle: {
    ...NOTHING,
    start: begin,
    stop: rest,
    restart: beginAgain,
  },
  blocked: {
    ...NOTHING,
    start: (_state, { force }) => (force ? launch() : undefined),
    stop: rest,
    unblocked: launch,
  },
  launching: {
    ...NOTHING,
    // What is being started cannot be held back: it is stopped as soon as it is there.
    stop: (_state, { cause, reason }) => heldBack({ cause, after: { kind: 'idle', reason } }),
    restart: (_state, { cause }) => heldBack({ cause, after: { kind: 'start' } }),
    start: ({ held }) => (held?.after.kind === 'idle' ? heldBack(undefined) : undefined),
    launched: ({ held }, { run }, context) =>
      held === undefined ? up(run, context) : takeDown(run, held.cause, held.after, context),
    launchFailed: ({ held }, event, context) =>
      held?.after.kind === 'idle' ? idle(held.after.reason) : notLaunched(event, context),
    exited: (state, event, context) =>
      state.held === undefined ? ended(state, event, context) : gone(state.held.after, event, context),
  },
  probing: {
    ...NOTHING,
    stop,
    restart: again,
    exited: ended,
    startupPassed: ({ run }, _event, { spec }) => ({
      state:
        spec.probes.readiness === undefined
          ? { kind: 'ready', run }
          : { kind: 'running', run, reason: 'readiness_pending' },
      effects: [],
    }),
    startupFailed: unhealthy('startup_failed'),
    limitExceeded: overLimit,
  },
  running: {
    ...NOTHING,
    stop,
    restart: again,
    exited: ended,
    readinessPassed: ({ run }) => ({ state: { kind: 'ready', run }, effects: [] }),
    readinessFailed: ({ run }) => ({ state: { kind: 'running', run, reason: 'readiness_failed' }, effects: [] }),
    livenessFailed: unhealthy('liveness_failed'),
    limitExceeded: overLimit,
  },
  ready: {
    ...NOTHING,
    stop,
    restart: again,
    exited: ended,
    readinessFailed: ({ run }) => ({ state: { kind: 'running', run, reason: 'readiness_failed' }, effects: [] }),
    livenessFailed: unhealthy('liveness_failed'),
    limitExceeded: overLimit,
  },
  stopping: {
    ...NOTHING,
    // It will be gone before it comes again.
    start: (state, _event, context) => turn(state, { kind: 'start' }, context),
    stop: (state, { reason }, context) => turn(state, { kind: 'idle', reason }, context),
    restart: (state, _event, context) => turn(state, { kind: 'start' }, context),
    exited: ({ after }, event, context) => gone(after, event, context),
    limitExceeded: (state, { isKill }, context) =>
      isKill && state.phase !== 'kill' ? enter({ ...state, phase: 'kill' }, context) : undefined,
    timeUp: (state, _event, context) =>
      state.phase === 'kill'
        ? undefined
        : enter({ ...state, phase: nextPhase(state.phase, context.spec.stop) }, context),
    killFailed: ({ run, after }, { reason }) => ({ state: { kind: 'unknown', run, reason, after }, effects: [] }),
  },
  waiting: {
    ...NOTHING,
    // Whoever asks does not wait.
    start: begin,
    stop: rest,
    restart: beginAgain,
    timeUp: beginAgain,
  },
  failed: {
    ...NOTHING,
    start: begin,
    stop: rest,
    restart: beginAgain,
  },
  unknown: {
    ...NOTHING,
    // Two of one must never be: first what is left has to go.
    start: (state) => ({ state: { ...state, after: { kind: 'start' } }, effects: [] }),
    stop: (state, { cause, reason }, context) => killRemains(state, cause, { kind: 'idle', reason }, context),
    restart: (state, { cause }, context) => killRemains(state, cause, { kind: 'start' }, context),
    exited: (state, event, context) =>
      state.after === undefined ? ended(state, event, context) : gone(state.after, event, context),
    killFailed: (state, { reason }) => ({ state: { ...state, reason }, effects: [] }),
  },
};

function killRemains(
  { run }: StateOf<'unknown'>,
  cause: StopCause,
  after: AfterStop,
  context: StepContext,
): Step | undefined {
  if (run !== undefined) return takeDown(run, cause, after, context, true);
  return after.kind === 'idle' ? idle(after.reason) : beginAgain();
}

/** What an event does; undefined: nothing. Pure. */
export function step(state: InstanceState, event: InstanceEvent, context: StepContext): Step | undefined {
  const handler = TABLE[state.kind][event.kind] as (
    state: InstanceState,
    event: InstanceEvent,
    context: StepContext,
  ) => Step | undefined;
  return handler(state, event, context);
}
