import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Endpoint, resolveEndpoint } from '../endpoint.ts';
import type { Probe, ProbeResult } from '../probe.ts';
import type { EndpointHealth, HealthStatus } from './contract.ts';
import { createHealth } from './monitor.ts';
import { type HealthOptions, resolveHealthOptions } from './options.ts';

const ENDPOINT = resolveEndpoint({ id: 'lpar1', target: 'host' });
const FAILED: ProbeResult = {
  outcome: 'failed',
  elapsedMs: 3,
  steps: [],
  error: { code: 'CONNECT_REFUSED', message: '' },
};
const OK: ProbeResult = { outcome: 'ok', elapsedMs: 3, steps: [] };
/** Without jitter, so that times are round. */
const ROUND: HealthOptions = { jitter: 0 };

type Check = (scope: Scope, clock: FakeClock) => Promise<ProbeResult>;

const answers =
  (result: ProbeResult): Check =>
  () =>
    Promise.resolve(result);
/** Until its scope ends. */
const hangs: Check = (scope) => scope.race(new Promise<never>(() => {}));
/** Whatever its scope says. */
const sticks: Check = () => new Promise<never>(() => {});

/** A probe whose behaviour may change; it counts how many are under way. */
class ScriptedProbe implements Probe<string> {
  readonly kind = 'scripted';
  readonly times: number[] = [];
  readonly scopes: Scope[] = [];
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #clock: FakeClock;
  readonly behaviour: (clock: FakeClock) => Check;

  constructor(clock: FakeClock, behaviour: (clock: FakeClock) => Check) {
    this.#clock = clock;
    this.behaviour = behaviour;
  }

  async check(_: Endpoint<string>, scope: Scope): Promise<ProbeResult> {
    this.times.push(this.#clock.monotonic());
    this.scopes.push(scope);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      return await this.behaviour(this.#clock)(scope, this.#clock);
    } finally {
      this.#atOnce -= 1;
    }
  }
}

interface Setup {
  readonly clock: FakeClock;
  readonly scope: Scope;
  readonly probe: ScriptedProbe;
  readonly health: EndpointHealth;
  readonly changes: Array<readonly [at: number, to: HealthStatus]>;
}

function setUp(
  behaviour: ((clock: FakeClock) => Check) | null,
  options: HealthOptions = ROUND,
  random = () => 0,
): Setup {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const probe = new ScriptedProbe(clock, behaviour ?? (() => sticks));
  const given = behaviour === null ? undefined : probe;
  const health = createHealth(ENDPOINT, given, resolveHealthOptions(options), { clock, random, scope });
  const changes: Setup['changes'] = [];
  health.on('changed', ({ to }) => changes.push([clock.monotonic(), to]));
  return { clock, scope, probe, health, changes };
}

describe('probing', () => {
  it('begins with start, at a moment within the short interval, and goes on at the interval', async () => {
    const { clock, probe, health, changes } = setUp(
      () => answers(OK),
      ROUND,
      () => 0.25,
    );
    await clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
    health.start();
    health.start();
    await clock.advance(25_000);
    expect(probe.times).toEqual([60_500, 70_500, 80_500]);
    expect(changes).toEqual([[60_500, 'healthy']]);
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('varies the interval', async () => {
    const draws = [0, 0, 1];
    const { clock, probe, health } = setUp(
      () => answers(OK),
      {},
      () => draws.shift() ?? 0.5,
    );
    health.start();
    await clock.advance(30_000);
    expect(probe.times).toEqual([0, 8000, 20_000, 30_000]);
  });

  it('is quick while the endpoint falls, backs off while it is down, is quick while it comes back', async () => {
    const isUp = (now: number): boolean => now < 10_000 || now > 60_000;
    const { clock, probe, health, changes } = setUp((now) => answers(isUp(now.monotonic()) ? OK : FAILED));
    health.start();
    await clock.advance(100_000);
    expect(probe.times).toEqual([
      0, 10_000, 12_000, 14_000, 16_000, 20_000, 28_000, 44_000, 76_000, 78_000, 88_000, 98_000,
    ]);
    expect(changes).toEqual([
      [0, 'healthy'],
      [14_000, 'unhealthy'],
      [78_000, 'healthy'],
    ]);
  });

  it('keeps the ramp low after a return', async () => {
    const { clock, health } = setUp((now) => answers(now.monotonic() < 1000 ? FAILED : OK));
    health.start();
    await clock.advance(4000);
    expect([health.status, health.ramp]).toEqual(['healthy', 0.1]);
    await clock.advance(15_000);
    expect(health.ramp).toBeCloseTo(0.55, 9);
    await clock.advance(15_000);
    expect(health.ramp).toBe(1);
  });

  it.each<[string, Check, string]>([
    ['rejects', () => Promise.reject(new TypeError('bug')), 'INTERNAL'],
    [
      'throws at once',
      () => {
        throw new TypeError('bug');
      },
      'INTERNAL',
    ],
    ['hangs', hangs, 'DEADLINE_EXCEEDED'],
    ['ignores its scope', sticks, 'DEADLINE_EXCEEDED'],
  ])('a probe that %s has failed', async (_, check, code) => {
    const { clock, health } = setUp(() => check);
    health.start();
    await clock.advance(5250);
    expect(health.status).toBe('unhealthy');
    expect(health.view().history[0]).toMatchObject({ outcome: 'failed', code, status: 'unhealthy' });
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes what a probe has to say of its time-out', async () => {
    const tells: Check = async (scope) => {
      await hangs(scope, new FakeClock()).catch(() => {});
      return FAILED;
    };
    const { clock, health } = setUp(() => tells);
    health.start();
    await clock.advance(5000);
    expect(health.view().history.map(({ code }) => code)).toEqual(['CONNECT_REFUSED']);
  });

  it('never starts a second while one that ignores its scope is under way', async () => {
    const { clock, probe, health } = setUp(() => sticks);
    health.start();
    await clock.advance(60_000);
    expect(probe.times).toEqual([0]);
    expect(health.view().history.length).toBeGreaterThan(3);
    expect(probe.scopes[0]?.signal.aborted).toBe(true);
  });
});

describe('traffic', () => {
  it('measures response times and counts failures', async () => {
    const { clock, health, changes } = setUp(() => answers(OK));
    health.start();
    await clock.advance(0);
    expect(health.responseMs).toBeNaN();
    health.report({ kind: 'success', responseMs: 80 });
    expect(health.responseMs).toBe(80);
    for (let i = 0; i < 3; i++) health.report({ kind: 'failure', code: 'LU_REJECTED' });
    expect(changes.at(-1)).toEqual([0, 'unhealthy']);
    expect(health.view().history.at(-1)).toEqual({
      at: clock.now(),
      status: 'unhealthy',
      outcome: 'ejected',
      elapsedMs: null,
      code: 'LU_REJECTED',
    });
  });

  it('a failure brings the next probe forward, once', async () => {
    const { clock, probe, health } = setUp(() => answers(OK));
    health.start();
    await clock.advance(1000);
    health.report({ kind: 'failure', code: 'LU_REJECTED' });
    await clock.advance(1000);
    health.report({ kind: 'failure', code: 'LU_REJECTED' });
    await clock.advance(1000);
    expect(probe.times).toEqual([0, 3000]);
  });

  it('alone decides where there is no probe: unhealthy, on trial after a growing wait, healthy', async () => {
    const { clock, health, changes } = setUp(null, { ...ROUND, rise: 1 });
    health.start();
    health.report({ kind: 'success' });
    for (let i = 0; i < 3; i++) health.report({ kind: 'failure', code: 'CONNECT_REFUSED' });
    await clock.advance(2000);
    health.report({ kind: 'failure', code: 'CONNECT_REFUSED' });
    await clock.advance(4000);
    health.report({ kind: 'success' });
    expect(changes).toEqual([
      [0, 'healthy'],
      [0, 'unhealthy'],
      [2000, 'unknown'],
      [2000, 'unhealthy'],
      [6000, 'unknown'],
      [6000, 'healthy'],
    ]);
    expect(health.view().history.map(({ outcome }) => outcome)).toEqual([
      'ok',
      'ejected',
      'returned',
      'ejected',
      'returned',
      'ok',
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an endpoint without a probe', () => {
  const slow = { kind: 'success', responseMs: 200 } as const;

  it('that was slow is healthy again when nothing was slow for a while, as nobody chooses it to find out', async () => {
    const { clock, health, changes } = setUp(null, { ...ROUND, degradedAboveMs: 100, fall: 1 });
    health.start();
    health.report(slow);
    await clock.advance(15_000);
    health.report(slow);
    await clock.advance(100_000);
    expect(changes).toEqual([
      [0, 'degraded'],
      [50_000, 'healthy'],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that falls while it is degraded waits as any other', async () => {
    const { clock, health, changes } = setUp(null, { ...ROUND, degradedAboveMs: 100, fall: 1 });
    health.start();
    health.report(slow);
    await clock.advance(9000);
    health.report({ kind: 'failure', code: 'LU_REJECTED' });
    await clock.advance(2000);
    expect(changes.slice(1)).toEqual([
      [9000, 'unhealthy'],
      [11_000, 'unknown'],
    ]);
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a flapping endpoint', () => {
  /** Up and down for 20 s each, for half an hour; then up. `worst`: falls within any five minutes. */
  async function flap(options: HealthOptions): Promise<{ worst: number; isBack: boolean }> {
    const upAgainAt = 1_800_000;
    const isUp = (at: number): boolean => at >= upAgainAt || Math.floor(at / 20_000) % 2 === 0;
    const { clock, health, changes } = setUp((now) => answers(isUp(now.monotonic()) ? OK : FAILED), {
      ...ROUND,
      intervalMs: 2000,
      ...options,
    });
    health.start();
    await clock.advance(upAgainAt + 120_000);
    health.stop();
    expect(clock.pendingTimers).toBe(0);
    const falls = changes.flatMap(([at, to]) => (to === 'unhealthy' ? [at] : []));
    const within5Minutes = falls.map((from) => falls.filter((at) => at >= from && at < from + 300_000).length);
    return { worst: Math.max(...within5Minutes), isBack: health.status === 'healthy' };
  }

  it('falls with each of its outages where nothing damps it', async () => {
    expect(await flap({ maxBackoffMs: 2000, flap: { changes: 100, maxRise: 2 } })).toEqual({ worst: 8, isBack: true });
  });

  it('may come and go so often as is free, is then kept out, and is back when it holds', async () => {
    // Ten probes fit in the time that it is up: three changes beyond those that are free ask for 16.
    expect(await flap({ maxBackoffMs: 2000 })).toEqual({ worst: 4, isBack: true });
    expect(await flap({ maxBackoffMs: 2000, flap: { changes: 2 } })).toEqual({ worst: 3, isBack: true });
    // The wait that grows with each attempt damps as well.
    expect(await flap({ flap: { changes: 2 } })).toEqual({ worst: 3, isBack: true });
  });
});

describe('an end', () => {
  it.each(['stop', 'scope'] as const)('by %s ends the probe under way and leaves nothing', async (by) => {
    const { clock, scope, probe, health, changes } = setUp(() => hangs);
    health.start();
    await clock.advance(100);
    if (by === 'stop') health.stop();
    else scope.end();
    expect(probe.scopes[0]?.signal.aborted).toBe(true);
    health.stop();
    health.start();
    health.report({ kind: 'failure', code: 'X' });
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(60_000);
    expect([probe.times, changes, health.view().history]).toEqual([[0], [], []]);
  });

  it('between the time-out of a probe and its last word leaves nothing', async () => {
    const { clock, health } = setUp(() => sticks);
    health.start();
    await clock.advance(5100);
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('by a listener of a change that a probe brought is obeyed', async () => {
    const { clock, health } = setUp(() => answers(OK));
    health.on('changed', () => health.stop());
    health.start();
    await clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
    expect(health.view().history).toHaveLength(1);
  });

  it('by a listener of a change that traffic brought is obeyed', async () => {
    const { clock, health } = setUp(() => answers(OK), { ...ROUND, fall: 1 });
    health.start();
    await clock.advance(5000);
    health.on('changed', () => health.stop());
    health.report({ kind: 'failure', code: 'LU_REJECTED' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('of a scope that has ended already: nothing begins', async () => {
    const { clock, scope, probe, health } = setUp(() => answers(OK));
    scope.end();
    health.start();
    await clock.advance(60_000);
    expect(probe.times).toEqual([]);
  });
});

describe('whatever happens', () => {
  const check = fc.oneof(
    fc.record({ outcome: fc.constantFrom('ok', 'degraded', 'failed'), ms: fc.nat(7000), obeys: fc.boolean() }),
    fc.constant('reject' as const),
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(15_000) }),
    fc.record({ kind: fc.constant('success' as const), responseMs: fc.nat(3000) }),
    fc.record({ kind: fc.constant('failure' as const), code: fc.constantFrom('A', 'CANCELLED') }),
  );

  it('there is one probe at a time, a bounded history, changes that join up, and nothing left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(check, { minLength: 1, maxLength: 20 }),
        fc.array(step, { maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (checks, steps, random) => {
          let turn = 0;
          const behaviour = (): Check => async (scope, clock) => {
            const each = checks[turn++ % checks.length] as (typeof checks)[number];
            if (each === 'reject') throw new Error('no');
            const { outcome, ms, obeys } = each;
            if (obeys) await scope.sleep(ms);
            else await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
            return { outcome: outcome as ProbeResult['outcome'], elapsedMs: ms, steps: [] };
          };
          const { clock, probe, health } = setUp(behaviour, { historySize: 5, degradedAboveMs: 2000 }, () => random);
          let status: HealthStatus = 'unknown';
          health.on('changed', ({ from, to }) => {
            expect([from, from === to]).toEqual([status, false]);
            status = to;
          });
          health.start();
          for (const each of steps) {
            if (each.kind === 'wait') await clock.advance(each.ms);
            else health.report(each);
            expect(health.view().history.length).toBeLessThanOrEqual(5);
            expect(health.status).toBe(status);
            expect(health.ramp).toBeGreaterThan(0);
            expect(health.ramp).toBeLessThanOrEqual(1);
          }
          expect(probe.mostAtOnce).toBeLessThanOrEqual(1);
          health.stop();
          expect(probe.scopes.every(({ signal }) => signal.aborted)).toBe(true);
          // The timers of probes that do not heed their scope are their own.
          await clock.advance(7000);
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
