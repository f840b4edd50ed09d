import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exit, Run } from '../process/contract.ts';
import type { ProbeSpec, StopSpec } from '../spec/spec.ts';
import {
  type Effect,
  type Ending,
  type EventKind,
  type InstanceEvent,
  type RestartVerdict,
  type Step,
  type StepContext,
  step,
} from './machine.ts';
import { type AfterStop, type InstanceState, runOf, type StateKind, type StopPhase } from './state.ts';

const RUN: Run = { generation: 1, process: { pid: 7, startTime: 70, bootId: 'boot' }, startedAt: 900 };
const EXIT: Exit = { generation: 1, code: 1, signal: null, isKnown: true, at: 950 };
const PROBE: ProbeSpec = {
  action: { kind: 'notify' },
  initialDelayMs: 0,
  periodMs: 1_000,
  timeoutMs: 1_000,
  successThreshold: 1,
  failureThreshold: 1,
};
const STOP: StopSpec = { signal: 'TERM', graceMs: 30_000, drainMs: 0, preStop: undefined, isWholeGroup: true };
const HOOK = { kind: 'exec', command: ['bye'], timeoutMs: 10_000 } as const;
const BY_REQUEST: AfterStop = { kind: 'idle', reason: 'by_request' };
const STOPPING = { kind: 'stopping', run: RUN, phase: 'signal', cause: 'by_request', after: BY_REQUEST } as const;

/** One of each; `held`: launching, and it is to go at once. */
const STATES: Readonly<Record<StateKind | 'held', InstanceState>> = {
  idle: { kind: 'idle', reason: 'completed' },
  blocked: { kind: 'blocked' },
  launching: { kind: 'launching', held: undefined },
  held: { kind: 'launching', held: { cause: 'by_request', after: BY_REQUEST } },
  probing: { kind: 'probing', run: RUN },
  running: { kind: 'running', run: RUN, reason: 'readiness_pending' },
  ready: { kind: 'ready', run: RUN },
  stopping: { ...STOPPING, graceEnds: 20_500 },
  waiting: { kind: 'waiting', reason: 'backoff', until: 5_000 },
  failed: { kind: 'failed', reason: 'exit_code_1' },
  unknown: { kind: 'unknown', run: RUN, reason: 'kill_failed', after: BY_REQUEST },
};

const EVENTS: { readonly [K in EventKind]: Extract<InstanceEvent, { kind: K }> } = {
  start: { kind: 'start', force: false },
  stop: { kind: 'stop', cause: 'dependency', reason: 'dependency' },
  restart: { kind: 'restart', cause: 'spec_changed' },
  unblocked: { kind: 'unblocked' },
  launched: { kind: 'launched', run: RUN },
  launchFailed: { kind: 'launchFailed', code: 'WORKER_START_FAILED', isRetryable: true },
  exited: { kind: 'exited', exit: EXIT },
  startupPassed: { kind: 'startupPassed' },
  startupFailed: { kind: 'startupFailed' },
  readinessPassed: { kind: 'readinessPassed' },
  readinessFailed: { kind: 'readinessFailed' },
  livenessFailed: { kind: 'livenessFailed' },
  limitExceeded: { kind: 'limitExceeded', severity: 'emergency', isKill: false, isFinal: false },
  timeUp: { kind: 'timeUp' },
  killFailed: { kind: 'killFailed', reason: 'still_there' },
};

const WAIT: RestartVerdict = { kind: 'wait', ms: 100, reason: 'crash_loop' };

function contextOf({
  stop = {},
  probes = {},
  verdict = WAIT,
  monotonic = 500,
  asked = [],
}: {
  readonly stop?: Partial<StopSpec>;
  readonly probes?: Partial<StepContext['spec']['probes']>;
  readonly verdict?: RestartVerdict;
  readonly monotonic?: number;
  readonly asked?: Ending[];
} = {}): StepContext {
  return {
    spec: {
      stop: { ...STOP, ...stop },
      probes: { startup: undefined, readiness: undefined, liveness: undefined, ...probes },
    },
    now: 1_000,
    monotonic,
    decide: (ending) => {
      asked.push(ending);
      return verdict;
    },
  };
}

/** A step in a line: the state, what it has, and the effects. */
function shown(next: Step | undefined): string {
  if (next === undefined) return '-';
  const effects = next.effects.map((effect) => (effect.kind === 'wait' ? `wait:${effect.ms}` : effect.kind));
  return `${stateShown(next.state)} | ${effects.join(' ')}`.trimEnd();
}

function stateShown(state: InstanceState): string {
  switch (state.kind) {
    case 'blocked':
    case 'probing':
    case 'ready':
      return state.kind;
    case 'launching':
      return state.held === undefined
        ? 'launching'
        : `launching, ${state.held.cause} > ${afterShown(state.held.after)}`;
    case 'stopping':
      return `stopping:${state.phase} to ${state.graceEnds}, ${state.cause} > ${afterShown(state.after)}`;
    case 'waiting':
      return `waiting:${state.reason} to ${state.until}`;
    case 'unknown':
      return `unknown:${state.reason} > ${state.after === undefined ? '?' : afterShown(state.after)}`;
    default:
      return `${state.kind}:${state.reason}`;
  }
}

function afterShown(after: AfterStop): string {
  if (after.kind === 'idle') return after.reason;
  return after.kind === 'start' ? 'start' : `${after.trigger} ${after.severity}`;
}

const BLOCKED = 'blocked | awaitDependencies';
const LAUNCH = 'launching | launch';
const down = (why: string): string => `stopping:signal to 30500, ${why} | unwatch signal wait:30000`;
const UP = {
  stop: down('dependency > dependency'),
  restart: down('spec_changed > start'),
  exited: 'waiting:crash_loop to 1100 | unwatch wait:100',
  limitExceeded: down('limit_exceeded > resource_violation emergency'),
} as const;
const ALIVE = { ...UP, livenessFailed: down('liveness_failed > health_failure critical') } as const;
const NOT_READY = 'running:readiness_failed |';
const HEALTH = 'startupPassed startupFailed readinessPassed readinessFailed livenessFailed';

/** What each event does in each state, and which do nothing. */
const EXPECTED: Readonly<
  Record<keyof typeof STATES, { readonly does: Readonly<Partial<Record<EventKind, string>>>; readonly ignores: string }>
> = {
  idle: {
    does: { start: BLOCKED, stop: 'idle:dependency |', restart: BLOCKED },
    ignores: `unblocked launched launchFailed exited ${HEALTH} limitExceeded timeUp killFailed`,
  },
  blocked: {
    does: { stop: 'idle:dependency |', unblocked: LAUNCH },
    ignores: `start restart launched launchFailed exited ${HEALTH} limitExceeded timeUp killFailed`,
  },
  launching: {
    does: {
      stop: 'launching, dependency > dependency |',
      restart: 'launching, spec_changed > start |',
      launched: 'ready | watch',
      launchFailed: 'waiting:crash_loop to 1100 | wait:100',
      exited: 'waiting:crash_loop to 1100 | unwatch wait:100',
    },
    ignores: `start unblocked ${HEALTH} limitExceeded timeUp killFailed`,
  },
  held: {
    does: {
      start: 'launching |',
      stop: 'launching, dependency > dependency |',
      restart: 'launching, spec_changed > start |',
      launched: down('by_request > by_request'),
      launchFailed: 'idle:by_request |',
      exited: 'idle:by_request |',
    },
    ignores: `unblocked ${HEALTH} limitExceeded timeUp killFailed`,
  },
  probing: {
    does: { ...UP, startupPassed: 'ready |', startupFailed: down('startup_failed > health_failure critical') },
    ignores: 'start unblocked launched launchFailed readinessPassed readinessFailed livenessFailed timeUp killFailed',
  },
  running: {
    does: { ...ALIVE, readinessPassed: 'ready |', readinessFailed: NOT_READY },
    ignores: 'start unblocked launched launchFailed startupPassed startupFailed timeUp killFailed',
  },
  ready: {
    does: { ...ALIVE, readinessFailed: NOT_READY },
    ignores: 'start unblocked launched launchFailed startupPassed startupFailed readinessPassed timeUp killFailed',
  },
  stopping: {
    does: {
      start: 'stopping:signal to 20500, by_request > start | wait:20000',
      stop: 'stopping:signal to 20500, by_request > dependency | wait:20000',
      restart: 'stopping:signal to 20500, by_request > start | wait:20000',
      exited: 'idle:by_request |',
      timeUp: 'stopping:kill to 20500, by_request > by_request | kill',
      killFailed: 'unknown:still_there > by_request |',
    },
    ignores: `unblocked launched launchFailed ${HEALTH} limitExceeded`,
  },
  waiting: {
    does: { start: BLOCKED, stop: 'idle:dependency |', restart: BLOCKED, timeUp: BLOCKED },
    ignores: `unblocked launched launchFailed exited ${HEALTH} limitExceeded killFailed`,
  },
  failed: {
    does: { start: BLOCKED, stop: 'idle:dependency |', restart: BLOCKED },
    ignores: `unblocked launched launchFailed exited ${HEALTH} limitExceeded timeUp killFailed`,
  },
  unknown: {
    does: {
      start: 'unknown:kill_failed > start |',
      stop: 'stopping:kill to 30500, dependency > dependency | unwatch kill',
      restart: 'stopping:kill to 30500, spec_changed > start | unwatch kill',
      exited: 'idle:by_request |',
      killFailed: 'unknown:still_there > by_request |',
    },
    ignores: `unblocked launched launchFailed ${HEALTH} limitExceeded timeUp`,
  },
};

const NAMES = Object.keys(STATES) as readonly (keyof typeof STATES)[];
const KINDS = Object.keys(EVENTS) as readonly EventKind[];

describe.each(NAMES)('an instance that is %s', (name) => {
  const { does, ignores } = EXPECTED[name];

  it('has an answer to every event', () => {
    expect([...Object.keys(does), ...ignores.split(' ')].toSorted()).toEqual(KINDS.toSorted());
  });

  it.each(KINDS.map((kind) => [kind, does[kind] ?? '-'] as const))('takes %s: %s', (kind, expected) => {
    const next = step(STATES[name], EVENTS[kind], contextOf());
    expect(shown(next)).toBe(expected);
    if (next !== undefined && 'run' in next.state) expect(runOf(next.state)).toBe(RUN);
  });
});

describe('an event', () => {
  const stopping = (phase: StopPhase, after: AfterStop = BY_REQUEST): InstanceState => ({
    ...STOPPING,
    phase,
    after,
    graceEnds: 20_500,
  });
  const unhealthy: AfterStop = { kind: 'decide', trigger: 'health_failure', severity: 'critical' };
  const again: InstanceState = { kind: 'launching', held: { cause: 'spec_changed', after: { kind: 'start' } } };
  const force: InstanceEvent = { kind: 'start', force: true };
  const { idle, blocked, launching, held, probing, ready, waiting, failed } = STATES;
  const { stop, restart, launched, launchFailed, exited, startupPassed, limitExceeded, timeUp } = EVENTS;
  const kill: InstanceEvent = { ...limitExceeded, isKill: true };
  const final: InstanceEvent = { ...limitExceeded, isFinal: true };
  const unjudged: InstanceState = { kind: 'unknown', run: undefined, reason: 'no', after: undefined };
  const STOPPED = 'by_request > by_request';

  it.each<readonly [string, InstanceState, InstanceEvent, Parameters<typeof contextOf>[0], string]>([
    ['force', idle, force, {}, LAUNCH],
    ['force', blocked, force, {}, LAUNCH],
    ['force', waiting, force, {}, LAUNCH],
    ['force', failed, force, {}, LAUNCH],
    ['start after a restart', again, EVENTS.start, {}, '-'],
    ['launched, then', again, launched, {}, down('spec_changed > start')],
    ['failed, then', again, launchFailed, {}, 'waiting:crash_loop to 1100 | wait:100'],
    ['exited, then', again, exited, {}, BLOCKED],
    ['startup', launching, launched, { probes: { startup: PROBE, readiness: PROBE } }, 'probing | watch'],
    ['readiness', launching, launched, { probes: { readiness: PROBE } }, 'running:readiness_pending | watch'],
    ['liveness', launching, launched, { probes: { liveness: PROBE } }, 'ready | watch'],
    ['readiness', probing, startupPassed, { probes: { readiness: PROBE } }, 'running:readiness_pending |'],
    [
      'a drain',
      ready,
      stop,
      { stop: { drainMs: 9 } },
      'stopping:drain to 30509, dependency > dependency | unwatch wait:9',
    ],
    [
      'a hook',
      ready,
      stop,
      { stop: { preStop: HOOK } },
      'stopping:pre_stop to 30500, dependency > dependency | unwatch preStop wait:30000',
    ],
    [
      'a hook',
      held,
      launched,
      { stop: { preStop: HOOK } },
      `stopping:pre_stop to 30500, ${STOPPED} | unwatch preStop wait:30000`,
    ],
    [
      'no grace',
      ready,
      restart,
      { stop: { graceMs: 0 } },
      'stopping:signal to 500, spec_changed > start | unwatch signal wait:0',
    ],
    [
      'a kill',
      ready,
      kill,
      { stop: { drainMs: 9 } },
      'stopping:kill to 30509, limit_exceeded > resource_violation emergency | unwatch kill',
    ],
    ['for good', ready, final, {}, down('limit_exceeded > limit_exceeded')],
    ['a kill', stopping('drain'), kill, {}, `stopping:kill to 20500, ${STOPPED} | kill`],
    ['killed twice', stopping('kill'), kill, {}, '-'],
    [
      'drained',
      stopping('drain'),
      timeUp,
      { stop: { preStop: HOOK } },
      `stopping:pre_stop to 20500, ${STOPPED} | preStop wait:20000`,
    ],
    ['drained', stopping('drain'), timeUp, {}, `stopping:signal to 20500, ${STOPPED} | signal wait:20000`],
    ['hooked', stopping('pre_stop'), timeUp, {}, `stopping:signal to 20500, ${STOPPED} | signal wait:20000`],
    [
      'hooked late',
      stopping('pre_stop'),
      timeUp,
      { monotonic: 20_000 },
      `stopping:signal to 22000, ${STOPPED} | signal wait:2000`,
    ],
    [
      'hooked late, short grace',
      stopping('pre_stop'),
      timeUp,
      { monotonic: 30_000, stop: { graceMs: 9 } },
      `stopping:signal to 30009, ${STOPPED} | signal wait:9`,
    ],
    ['killed', stopping('kill'), timeUp, {}, '-'],
    [
      'turned',
      stopping('drain'),
      stop,
      { stop: { graceMs: 19_900 } },
      'stopping:drain to 20500, by_request > dependency | wait:100',
    ],
    [
      'turned',
      stopping('pre_stop'),
      stop,
      {},
      'stopping:pre_stop to 20500, by_request > dependency | preStop wait:20000',
    ],
    [
      'turned late',
      stopping('signal'),
      stop,
      { monotonic: 99_000 },
      'stopping:signal to 20500, by_request > dependency | wait:0',
    ],
    ['turned', stopping('kill'), restart, {}, 'stopping:kill to 20500, by_request > start |'],
    ['gone', stopping('signal', { kind: 'start' }), exited, {}, BLOCKED],
    ['gone', stopping('signal', unhealthy), exited, { verdict: { kind: 'start' } }, BLOCKED],
    ['gone', stopping('signal', unhealthy), exited, {}, 'waiting:crash_loop to 1100 | wait:100'],
    ['completed', ready, exited, { verdict: { kind: 'idle', reason: 'completed' } }, 'idle:completed | unwatch'],
    ['restart', ready, exited, { verdict: { kind: 'start' } }, 'blocked | unwatch awaitDependencies'],
    ['given up', ready, exited, { verdict: { kind: 'fail', reason: 'exit_code_3' } }, 'failed:exit_code_3 | unwatch'],
    ['no run', unjudged, stop, {}, 'idle:dependency |'],
    ['no run', unjudged, restart, {}, BLOCKED],
    ['not asked for', unjudged, exited, {}, 'waiting:crash_loop to 1100 | unwatch wait:100'],
  ])('%s: %j, %j, %j', (_what, state, event, context, expected) => {
    expect(shown(step(state, event, contextOf(context)))).toBe(expected);
  });

  it.each<readonly [InstanceState, InstanceEvent, readonly Ending[]]>([
    [ready, exited, [{ kind: 'exited', exit: EXIT, trigger: 'exit', severity: 'critical' }]],
    [
      stopping('signal', unhealthy),
      exited,
      [{ kind: 'exited', exit: EXIT, trigger: 'health_failure', severity: 'critical' }],
    ],
    [launching, launchFailed, [{ kind: 'notLaunched', code: 'WORKER_START_FAILED', isRetryable: true }]],
    [stopping('signal'), exited, []],
    [stopping('signal', { kind: 'start' }), exited, []],
    [held, launchFailed, []],
    [held, exited, []],
    [STATES.unknown, exited, []],
  ])('asks the restart policy once, or not where an end was asked for: %j, %j', (state, event, endings) => {
    const asked: Ending[] = [];
    step(state, event, contextOf({ asked }));
    expect(asked).toEqual(endings);
  });
});

const CAUSES = ['by_request', 'shutdown', 'dependency'] as const;
const anyEvent: fc.Arbitrary<InstanceEvent> = fc.oneof(
  fc.boolean().map((isForced): InstanceEvent => ({ kind: 'start', force: isForced })),
  fc.constantFrom(...CAUSES).map((cause): InstanceEvent => ({ kind: 'stop', cause, reason: cause })),
  fc.record({
    kind: fc.constant('limitExceeded' as const),
    severity: fc.constantFrom('critical', 'emergency'),
    isKill: fc.boolean(),
    isFinal: fc.boolean(),
  }),
  fc.constantFrom(...KINDS).map((kind) => EVENTS[kind]),
);
const anyVerdict: fc.Arbitrary<RestartVerdict> = fc.constantFrom<RestartVerdict>(
  WAIT,
  { kind: 'start' },
  { kind: 'idle', reason: 'completed' },
  { kind: 'fail', reason: 'exit_code_1' },
);
const anyStop = fc.record({
  drainMs: fc.constantFrom(0, 700),
  graceMs: fc.constantFrom(0, 500, 5_000),
  preStop: fc.constantFrom(undefined, HOOK),
});
const anyProbes = fc.record({
  startup: fc.constantFrom(undefined, PROBE),
  readiness: fc.constantFrom(undefined, PROBE),
});
const anyStep = fc.record({
  event: anyEvent,
  verdict: anyVerdict,
  stop: anyStop,
  probes: anyProbes,
  ms: fc.nat(3_000),
});

/** What may be set going on the way into a state. */
const ALLOWED: Readonly<Record<StateKind, readonly Effect['kind'][]>> = {
  idle: ['unwatch'],
  blocked: ['unwatch', 'awaitDependencies'],
  launching: ['launch'],
  probing: ['watch'],
  running: ['watch'],
  ready: ['watch'],
  stopping: ['unwatch', 'wait', 'preStop', 'signal', 'kill'],
  waiting: ['unwatch', 'wait'],
  failed: ['unwatch'],
  unknown: [],
};

/** What has to be under way for a state to be left; each state begins its own. */
function isStuck({ state, effects }: Step): boolean {
  const isBegun = (kind: Effect['kind']): boolean => effects.some((effect) => effect.kind === kind);
  switch (state.kind) {
    case 'blocked':
      return !isBegun('awaitDependencies');
    case 'waiting':
      return !isBegun('wait');
    case 'stopping':
      return state.phase !== 'kill' && !isBegun('wait');
    default:
      return false;
  }
}

describe('whatever happens, in whatever order', () => {
  it('an instance has one run at most, waits for nothing at rest, and is never stuck', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        let state: InstanceState = { kind: 'idle', reason: 'never_started' };
        let monotonic = 0;
        for (const { event, ms, ...context } of steps) {
          monotonic += ms;
          const before = structuredClone(state);
          const next = step(state, event, contextOf({ ...context, monotonic }));
          expect(state).toEqual(before);
          if (next === undefined) continue;
          const kinds = next.effects.map(({ kind }) => kind);
          expect(kinds.filter((kind) => !ALLOWED[next.state.kind].includes(kind))).toEqual([]);
          if (kinds.includes('launch')) expect(runOf(state)).toBeUndefined();
          if (kinds.includes('watch')) expect(event.kind).toBe('launched');
          if (state.kind === 'launching' && next.state.kind === 'launching') expect(kinds).toEqual([]);
          for (const effect of next.effects) if (effect.kind === 'wait') expect(effect.ms).toBeGreaterThanOrEqual(0);
          expect(isStuck(next)).toBe(false);
          state = next.state;
        }
      }),
    );
  });

  it('a stop ends where it was last told to, when all is gone', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), fc.constantFrom(...CAUSES), (steps, reason) => {
        let state: InstanceState = STATES.ready;
        for (const { event, ...context } of steps) {
          if (event.kind !== 'exited') state = step(state, event, contextOf(context))?.state ?? state;
        }
        const last = step(state, { kind: 'stop', cause: reason, reason }, contextOf());
        expect(shown(last && step(last.state, EVENTS.exited, contextOf()))).toBe(`idle:${reason} |`);
      }),
    );
  });

  it('a stop comes to the kill in time, however often something else is asked meanwhile', () => {
    const asked = fc.constantFrom(EVENTS.start, EVENTS.stop, EVENTS.restart);
    fc.assert(
      fc.property(anyStop, fc.array(fc.tuple(fc.nat(400), asked), { maxLength: 30 }), (stop, requests) => {
        let monotonic = 0;
        const first = step(STATES.ready, EVENTS.stop, contextOf({ stop, monotonic }));
        let state = first?.state ?? STATES.ready;
        let due = dueOf(first, monotonic);
        const pending = [...requests];
        while (state.kind === 'stopping' && state.phase !== 'kill') {
          const [after, event] = pending.shift() ?? [Infinity, EVENTS.timeUp];
          const isTimeUp = due <= monotonic + after;
          monotonic = isTimeUp ? due : monotonic + after;
          const next = step(state, isTimeUp ? EVENTS.timeUp : event, contextOf({ stop, monotonic }));
          due = dueOf(next, monotonic);
          state = next?.state ?? state;
        }
        expect(state).toMatchObject({ kind: 'stopping', phase: 'kill' });
        // A hook that takes all of the grace period leaves 2 s to the signal.
        expect(monotonic).toBeLessThanOrEqual(stop.drainMs + stop.graceMs + (stop.preStop ? 2_000 : 0));
      }),
    );
  });
});

function dueOf(next: Step | undefined, monotonic: number): number {
  const wait = next?.effects.find((effect) => effect.kind === 'wait');
  return wait === undefined ? Infinity : monotonic + wait.ms;
}
