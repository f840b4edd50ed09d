import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeSpec, RestartSpec, Severity } from '../spec/spec.ts';
import { MIN_DELAY_MS } from './delay.ts';
import { NO_RESTARTS, type RestartHistory } from './history.ts';
import { createRestartPolicy } from './policy.ts';
import { CRASH, exited, follow, NO_PROBES, policyOf, type TimedEnding } from './restart.fixture.ts';

const READINESS: ProbeSpec = {
  action: { kind: 'tcp', host: '127.0.0.1', port: 1 },
  initialDelayMs: 0,
  periodMs: 1_000,
  timeoutMs: 1_000,
  successThreshold: 1,
  failureThreshold: 3,
};
const unhealthy = (upMs: number, severity: Severity = 'critical'): TimedEnding =>
  exited({ code: 0 }, upMs, 'health_failure', severity);
const notLaunched = (isRetryable: boolean): TimedEnding => ({
  kind: 'notLaunched',
  code: 'WORKER_START_FAILED',
  isRetryable,
  upMs: 0,
});
const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);

describe('without budgets', () => {
  it('starts at once after the first crash, then waits twice as long each time, up to the maximum', () => {
    const policy = policyOf({ backoff: { initial: '1s', max: '10s' }, crash_loop_after: 4 });
    const { verdicts } = follow(policy, times(7, CRASH));
    expect(verdicts).toEqual([
      { kind: 'start' },
      { kind: 'wait', ms: 1_000, reason: 'backoff' },
      { kind: 'wait', ms: 2_000, reason: 'backoff' },
      { kind: 'wait', ms: 4_000, reason: 'crash_loop' },
      { kind: 'wait', ms: 8_000, reason: 'crash_loop' },
      // The share of chance below the maximum only: the middle of 7.5 s and 10 s.
      { kind: 'wait', ms: 8_750, reason: 'crash_loop' },
      { kind: 'wait', ms: 8_750, reason: 'crash_loop' },
    ]);
  });

  it('begins anew once a run has been up for long enough', () => {
    const policy = policyOf({ reset_after: '10s' });
    const { history } = follow(policy, times(6, CRASH));
    expect(policy.decide(history, { ...CRASH, upMs: 9_999 }, 0).verdict.kind).toBe('wait');
    expect(policy.decide(history, { ...CRASH, upMs: 10_000 }, 0)).toEqual({
      verdict: { kind: 'start' },
      history: { ...NO_RESTARTS, restarts: 1 },
    });
  });

  it('waits between crashes even when it is told to reset and to wait for nothing', () => {
    const policy = policyOf({ reset_after: '0s', backoff: { initial: '0s' } });
    const { verdicts } = follow(policy, times(3, CRASH));
    expect(verdicts.slice(1)).toEqual(times(2, { kind: 'wait', ms: MIN_DELAY_MS, reason: 'backoff' }));
  });

  it('waits before a start that has failed is tried again, longest where nothing says that it may help', () => {
    const policy = policyOf({ backoff: { initial: '1s', max: '60s', jitter: 0 } });
    expect(follow(policy, times(3, notLaunched(true))).verdicts).toEqual([
      { kind: 'wait', ms: 1_000, reason: 'start_failed' },
      { kind: 'wait', ms: 2_000, reason: 'start_failed' },
      { kind: 'wait', ms: 4_000, reason: 'start_failed' },
    ]);
    expect(follow(policy, [notLaunched(false)]).verdicts).toEqual([
      { kind: 'wait', ms: 60_000, reason: 'start_failed' },
    ]);
  });
});

describe('budgets', () => {
  const input = {
    backoff: { jitter: 0 },
    context_aware: {
      default: { max_retries: 2, retry_delay: '1s', backoff_rate: 3 },
      health_failures: { max_retries: 3, retry_delay: '5s' },
      half_open_after: '5m',
      startup_grace_period: '30s',
    },
  };
  const OPEN = { kind: 'wait', ms: 300_000, reason: 'circuit_open' };

  it('open the circuit when they are spent, and each try that ends opens it anew', () => {
    const { verdicts, history } = follow(policyOf(input), times(5, CRASH));
    expect(verdicts).toEqual([
      { kind: 'wait', ms: 1_000, reason: 'backoff' },
      { kind: 'wait', ms: 3_000, reason: 'backoff' },
      OPEN,
      OPEN,
      OPEN,
    ]);
    expect(history.openedAt).not.toBeNull();
  });

  it('are one for each trigger', () => {
    const { verdicts } = follow(policyOf(input), [CRASH, CRASH, unhealthy(60_000), CRASH]);
    expect(verdicts.map((each) => each.kind === 'wait' && each.reason)).toEqual([
      'backoff',
      'backoff',
      'backoff',
      'circuit_open',
    ]);
  });

  it.each([
    // ceil(3 × 0.5), 3 × 1, 3 × 2
    ['warning', 2],
    ['critical', 3],
    ['emergency', 6],
  ] as const)('are worth more with severity: %s allows %i', (severity, allowed) => {
    const { verdicts } = follow(policyOf({ ...input, crash_loop_after: 99 }), times(8, unhealthy(60_000, severity)));
    expect(verdicts.findIndex((each) => each.kind === 'wait' && each.reason === 'circuit_open')).toBe(allowed);
  });

  it('do not pay for failures of health within the startup grace', () => {
    const { history, verdicts } = follow(policyOf(input), times(9, unhealthy(29_999)));
    expect(history).toMatchObject({ spent: NO_RESTARTS.spent, openedAt: null });
    expect(verdicts.slice(1).every((each) => each.kind === 'wait')).toBe(true);
    expect(follow(policyOf(input), [unhealthy(30_000)]).history.spent.health_failure).toBe(1);
  });

  it('do pay for crashes within the startup grace, and for starts that have failed', () => {
    expect(follow(policyOf(input), [CRASH, notLaunched(true)]).history.spent.exit).toBe(2);
    expect(follow(policyOf(input), [CRASH, CRASH, notLaunched(true)]).verdicts.at(-1)).toEqual(OPEN);
  });

  it('are whole again once probes have found the try of an open circuit ready', () => {
    const policy = policyOf(input, { probes: { ...NO_PROBES, readiness: READINESS } });
    const { history } = follow(policy, times(4, CRASH));
    const closed = policy.recovered(history, 0);
    expect(closed).toMatchObject({ spent: NO_RESTARTS.spent, openedAt: null });
    expect(policy.decide(closed, CRASH, 0).verdict).toMatchObject({ ms: 1_000 });
  });

  it('stay spent when nothing has found the try ready but its start', () => {
    const policy = policyOf(input);
    const { history } = follow(policy, times(4, CRASH));
    expect(policy.recovered(history, 0)).toBe(history);
  });

  it('stay spent when a run becomes ready while the circuit is closed', () => {
    const policy = policyOf(input, { probes: { ...NO_PROBES, readiness: READINESS } });
    const { history } = follow(policy, [CRASH]);
    expect(policy.recovered(history, 0)).toBe(history);
  });

  it('are whole again after a run that was up for long enough', () => {
    const { history } = follow(policyOf(input), times(4, CRASH));
    const { verdicts } = follow(policyOf(input), [{ ...CRASH, upMs: 600_000 }], history);
    expect(verdicts).toEqual([{ kind: 'wait', ms: 1_000, reason: 'backoff' }]);
  });
});

const SPEC: RestartSpec = {
  policy: 'always',
  successExitCodes: [0],
  rules: [],
  backoff: { initialMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.25 },
  resetAfterMs: 600_000,
  crashLoopAfter: 5,
  contextAware: undefined,
};

it('goes by the specification of the moment', () => {
  let restart = SPEC;
  const policy = createRestartPolicy(() => ({ restart, probes: NO_PROBES }), { random: () => 0 });
  expect(policy.decide(undefined, CRASH, 0).verdict).toEqual({ kind: 'start' });
  restart = { ...SPEC, policy: 'never' };
  expect(policy.decide(undefined, CRASH, 0).verdict).toEqual({ kind: 'fail', reason: 'exit_code_1' });
});

describe('whatever happens', () => {
  const budget = fc.record({
    maxRetries: fc.nat(4),
    retryDelayMs: fc.nat(10_000),
    backoffRate: fc.double({ min: 1, max: 5, noNaN: true }),
  });
  const restart: fc.Arbitrary<RestartSpec> = fc.record({
    policy: fc.constantFrom('always', 'on_failure', 'unless_stopped'),
    successExitCodes: fc.constant([0]),
    rules: fc.constant([]),
    backoff: fc.record({
      initialMs: fc.nat(5_000),
      maxMs: fc.integer({ min: 1, max: 100_000 }),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    resetAfterMs: fc.nat(100_000),
    crashLoopAfter: fc.integer({ min: 1, max: 9 }),
    contextAware: fc.option(
      fc.record({
        budgets: fc.record({ exit: budget, health_failure: budget, resource_violation: budget }),
        severityMultipliers: fc.constant({ warning: 0.5, critical: 1, emergency: 2 }),
        profileMultiplier: fc.constantFrom(1, 2.5),
        startupGraceMs: fc.nat(500),
        sustainedViolationMs: fc.constant(0),
        spikeToleranceMs: fc.constant(0),
        halfOpenAfterMs: fc.integer({ min: 1, max: 300_000 }),
      }),
      { nil: undefined },
    ),
  });
  const shortLived: fc.Arbitrary<TimedEnding> = fc.oneof(
    fc.integer({ min: 1, max: 255 }).map((code) => exited({ code }, 500)),
    fc.constant(exited({ signal: 'SIGKILL' }, 999)),
    fc.constant(exited({ isKnown: false })),
    fc.constantFrom(unhealthy(100), unhealthy(900, 'emergency'), notLaunched(true), notLaunched(false)),
  );
  const policyFor = (spec: RestartSpec, random: number) =>
    createRestartPolicy(() => ({ restart: spec, probes: NO_PROBES }), { random: () => random });
  const chance = fc.double({ min: 0, max: 0.999_999, noNaN: true });

  it('only the first restart of a row is at once, and no wait is out of its bounds', () => {
    fc.assert(
      fc.property(restart, fc.array(shortLived, { maxLength: 30 }), chance, (spec, endings, random) => {
        const { contextAware, backoff } = spec;
        const longest = Math.max(
          MIN_DELAY_MS,
          backoff.maxMs,
          contextAware?.halfOpenAfterMs ?? 0,
          ...Object.values(contextAware?.budgets ?? {}).map(({ retryDelayMs }) => retryDelayMs),
        );
        follow(policyFor(spec, random), endings).verdicts.forEach((verdict, index) => {
          if (verdict.kind === 'start') expect(index).toBe(0);
          else expect(verdict).toMatchObject({ kind: 'wait' });
          if (verdict.kind !== 'wait') return;
          expect(verdict.ms).toBeGreaterThanOrEqual(MIN_DELAY_MS);
          expect(verdict.ms).toBeLessThanOrEqual(longest);
          expect(Number.isInteger(verdict.ms)).toBe(true);
        });
      }),
    );
  });

  it('a history that was written and read again is the same', () => {
    fc.assert(
      fc.property(restart, fc.array(shortLived, { maxLength: 10 }), (spec, endings) => {
        const { history } = follow(policyFor(spec, 0.3), [CRASH, ...endings]);
        expect(JSON.parse(JSON.stringify(history)) as RestartHistory).toEqual(history);
      }),
    );
  });

  it('a circuit that has been opened stays open however often a run ends early', () => {
    fc.assert(
      fc.property(restart, fc.array(shortLived, { maxLength: 30 }), (spec, endings) => {
        const policy = policyFor(spec, 0.3);
        let history: RestartHistory | undefined;
        let wasOpen = false;
        for (const ending of endings) {
          const decision = policy.decide(policy.recovered(history, 0), ending, 1);
          if (wasOpen) expect(decision.verdict).toMatchObject({ kind: 'wait', reason: 'circuit_open' });
          history = decision.history;
          wasOpen = history.openedAt !== null;
        }
      }),
    );
  });
});
