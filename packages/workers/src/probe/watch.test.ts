import { coreError, createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import type { ProbeResult } from '@roundhouse/traffic';
import { describe, expect, it } from 'vitest';
import type { ProbeAction, ProbeRole, ProbeSpec, ProbesSpec } from '../spec/spec.ts';
import type { ProbeVerdict } from './contract.ts';
import { type ProbeWatch, watchProbes } from './watch.ts';

const ACTION: ProbeAction = { kind: 'notify' };
const PASSED: ProbeResult = { outcome: 'ok', elapsedMs: 0, steps: [] };
const FAILED: ProbeResult = { outcome: 'failed', elapsedMs: 0, steps: [], error: { code: 'X', message: 'no' } };

function probe(fields: Partial<ProbeSpec> = {}): ProbeSpec {
  return {
    action: ACTION,
    initialDelayMs: 0,
    periodMs: 1_000,
    timeoutMs: 100,
    successThreshold: 1,
    failureThreshold: 1,
    ...fields,
  };
}

interface Rig {
  readonly clock: FakeClock;
  readonly scope: Scope;
  readonly watch: ProbeWatch;
  /** `role@ms` of each check. */
  readonly checks: string[];
  /** `role+@ms`, `role-@ms`. */
  readonly verdicts: string[];
}

type Answer = (role: ProbeRole, scope: Scope) => ProbeResult | Promise<ProbeResult>;

function rig(
  probes: Partial<ProbesSpec>,
  answer: Answer,
  {
    ageMs = 0,
    random = () => 0,
    onVerdict = () => {},
  }: {
    ageMs?: number;
    random?: () => number;
    onVerdict?: (verdict: ProbeVerdict, scope: Scope) => void;
  } = {},
): Rig {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const checks: string[] = [];
  const verdicts: string[] = [];
  const watch = watchProbes(
    {
      name: 'web/0',
      probes: { startup: undefined, readiness: undefined, liveness: undefined, ...probes },
      startedAt: clock.now() - ageMs,
    },
    {
      check: {
        async check(_action, role, own) {
          checks.push(`${role}@${clock.monotonic()}`);
          return answer(role, own);
        },
      },
      random,
      onVerdict(verdict) {
        verdicts.push(`${verdict.role}${verdict.isPassing ? '+' : '-'}@${clock.monotonic()}`);
        onVerdict(verdict, scope);
      },
    },
    scope,
  );
  return { clock, scope, watch, checks, verdicts };
}

/** Takes as long as its scope lets it, as a check should. */
const slow: Answer = async (_role, scope) => {
  await new Promise((resolve) => scope.onEnd(resolve));
  return FAILED;
};

describe('the watch of a run', () => {
  it('checks at once, then once a period, and tells when it passes', async () => {
    const { clock, scope, checks, verdicts, watch } = rig({ liveness: probe() }, () => PASSED);
    await clock.advance(3_500);
    expect(checks).toEqual(['liveness@0', 'liveness@1000', 'liveness@2000', 'liveness@3000']);
    expect(verdicts).toEqual(['liveness+@0']);
    expect(watch.statuses).toMatchObject({ startup: null, readiness: null, liveness: { status: 'success' } });
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for the initial delay, counted from the start of the run', async () => {
    const young = rig({ liveness: probe({ initialDelayMs: 3_000 }) }, () => PASSED, { ageMs: 500 });
    await young.clock.advance(2_600);
    expect(young.checks).toEqual(['liveness@2500']);
    young.scope.end();
  });

  it('begins readiness and liveness only when startup has passed, which is then checked no more', async () => {
    const probes = { startup: probe(), readiness: probe(), liveness: probe({ initialDelayMs: 3_000 }) };
    const { clock, scope, checks, verdicts } = rig(probes, (role) =>
      role === 'startup' && checks.length < 3 ? FAILED : PASSED,
    );
    await clock.advance(3_000);
    expect(checks.slice(0, 3)).toEqual(['startup@0', 'startup@1000', 'startup@2000']);
    expect(checks[3]).toBe('readiness@2000');
    expect(checks.filter((check) => check.startsWith('startup'))).toHaveLength(3);
    expect(checks.filter((check) => check.startsWith('liveness'))).toEqual(['liveness@3000']);
    expect(verdicts.slice(0, 4)).toEqual(['startup-@0', 'startup-@1000', 'startup+@2000', 'readiness+@2000']);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('never begins the others while startup fails', async () => {
    const probes = { startup: probe({ failureThreshold: 2 }), readiness: probe(), liveness: probe() };
    const { clock, scope, checks, verdicts } = rig(probes, () => FAILED);
    await clock.advance(3_000);
    expect(checks).toEqual(['startup@0', 'startup@1000', 'startup@2000', 'startup@3000']);
    expect(verdicts).toEqual(['startup-@1000', 'startup-@3000']);
    scope.end();
  });

  it('goes on checking readiness after it has failed, and tells when it passes again', async () => {
    const answers = [PASSED, FAILED, FAILED, FAILED, PASSED];
    const { clock, scope, verdicts } = rig(
      { readiness: probe({ failureThreshold: 2 }) },
      () => answers.shift() ?? PASSED,
      { random: () => 0 },
    );
    await clock.advance(5_000);
    expect(verdicts).toEqual(['readiness+@0', 'readiness-@2000', 'readiness+@4000']);
    scope.end();
  });

  it('ends a check at its time-out, which has failed, and keeps the period', async () => {
    const { clock, scope, checks, verdicts } = rig({ liveness: probe({ timeoutMs: 300 }) }, slow);
    await clock.advance(1_300);
    expect(checks).toEqual(['liveness@0', 'liveness@1000']);
    expect(verdicts).toEqual(['liveness-@300', 'liveness-@1300']);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves out the checks that a long one has missed', async () => {
    const { clock, scope, checks } = rig({ liveness: probe({ timeoutMs: 2_500 }) }, slow);
    await clock.advance(6_100);
    expect(checks).toEqual(['liveness@0', 'liveness@3000', 'liveness@6000']);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts a check that does not end as failed, and begins no second beside it', async () => {
    let under = 0;
    let end = (): void => {};
    const { clock, scope, checks, verdicts, watch } = rig({ liveness: probe() }, async () => {
      under++;
      await new Promise<void>((resolve) => (end = resolve));
      under--;
      return PASSED;
    });
    await clock.advance(2_500);
    expect([checks, under]).toEqual([['liveness@0'], 1]);
    expect(verdicts).toEqual(['liveness-@350', 'liveness-@1000', 'liveness-@2000']);
    expect(watch.statuses.liveness).toMatchObject({ failures: 3, code: 'DEADLINE_EXCEEDED' });
    expect(watch.statuses.liveness?.message).toContain('The liveness probe of web/0');
    end();
    await clock.advance(1_000);
    expect(checks).toEqual(['liveness@0', 'liveness@3000']);
    end();
    scope.end();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts a check that throws as failed', async () => {
    const { clock, scope, watch } = rig({ readiness: probe() }, () => {
      throw coreError('NOT_SUPPORTED', { details: { what: 'This' } });
    });
    await clock.advance(0);
    expect(watch.statuses.readiness).toMatchObject({ status: 'failure', code: 'NOT_SUPPORTED' });
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends with its scope in the middle of a check, and tells nothing any more', async () => {
    const { clock, scope, verdicts, checks } = rig({ startup: probe(), liveness: probe() }, slow);
    await clock.advance(50);
    scope.end();
    await clock.advance(5_000);
    expect([checks, verdicts, clock.pendingTimers]).toEqual([['startup@0'], [], 0]);
  });

  it('ends with its scope in the middle of a verdict', async () => {
    const { clock, checks } = rig({ startup: probe(), liveness: probe() }, () => PASSED, {
      onVerdict: (_verdict, scope) => scope.end(),
    });
    await clock.advance(5_000);
    expect([checks, clock.pendingTimers]).toEqual([['startup@0'], 0]);
  });

  it('shifts readiness to an earlier and liveness to a later moment of the period, once', async () => {
    const { clock, scope, checks } = rig({ readiness: probe(), liveness: probe() }, () => PASSED, {
      random: () => 0.25,
    });
    await clock.advance(2_300);
    expect(checks).toEqual([
      'readiness@0',
      'liveness@0',
      'readiness@750',
      'liveness@1250',
      'readiness@1750',
      'liveness@2250',
    ]);
    scope.end();
  });

  it('spreads the first checks of runs that were taken over', async () => {
    const first = async (probes: Partial<ProbesSpec>, random: number): Promise<string | undefined> => {
      const { clock, scope, checks } = rig(probes, () => PASSED, { ageMs: 60_000, random: () => random });
      await clock.advance(10_000);
      scope.end();
      return checks[0];
    };
    const long = probe({ periodMs: 10_000 });
    expect(await first({ liveness: long }, 0.5)).toBe('liveness@5000');
    expect(await first({ readiness: long }, 0.5)).toBe('readiness@500');
    expect(await first({ startup: long }, 0.5)).toBe('startup@500');
    expect(await first({ startup: long }, 0)).toBe('startup@0');
  });

  it('fires no two of a thousand workers at the same moment after the first period', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const at = new Map<number, number>();
    let seed = 1;
    // A linear congruential generator: Numerical Recipes, §7.1.
    const random = (): number => (seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296) / 4_294_967_296;
    for (let worker = 0; worker < 1_000; worker++) {
      watchProbes(
        {
          name: `w/${worker}`,
          probes: { startup: undefined, readiness: undefined, liveness: probe({ periodMs: 10_000 }) },
          startedAt: clock.now(),
        },
        {
          check: {
            async check() {
              const second = Math.floor(clock.monotonic() / 1_000);
              at.set(second, (at.get(second) ?? 0) + 1);
              return PASSED;
            },
          },
          random,
          onVerdict() {},
        },
        scope,
      );
    }
    await clock.advance(40_000);
    const busiest = Math.max(...[...at].filter(([second]) => second >= 20).map(([, checks]) => checks));
    expect(busiest).toBeLessThan(150);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
