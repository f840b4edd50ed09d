import { describe, expect, it } from 'vitest';
import type { HealthStatus } from './contract.ts';
import { type HealthOptions, resolveHealthOptions } from './options.ts';
import { type HealthSignal, type HealthState, INITIAL_HEALTH, rampOf, reduceHealth } from './state.ts';

const SIGNALS = {
  probeOk: { kind: 'probe', outcome: 'ok', elapsedMs: 10, code: null },
  probeSlow: { kind: 'probe', outcome: 'ok', elapsedMs: 101, code: null },
  probePoor: { kind: 'probe', outcome: 'degraded', elapsedMs: 10, code: 'SCREEN_MISMATCH' },
  probeFailed: { kind: 'probe', outcome: 'failed', elapsedMs: 10, code: 'CONNECT_REFUSED' },
  success: { kind: 'success' },
  fast: { kind: 'success', responseMs: 10 },
  slow: { kind: 'success', responseMs: 101 },
  failure: { kind: 'failure', code: 'RECORD_INVALID' },
  ignored: { kind: 'failure', code: 'CANCELLED' },
  decisive: { kind: 'failure', code: 'HOST_DOWN' },
  retry: { kind: 'retry' },
} as const satisfies Record<string, HealthSignal>;

type SignalName = keyof typeof SIGNALS;

const CODES = { HOST_DOWN: 'decisive' } as const;
const BASE: HealthOptions = { degradedAboveMs: 100, passive: { codes: CODES, windowMs: 30_000 } };
const EAGER: HealthOptions = { ...BASE, rise: 1, fall: 1 };

/** The state after signals one second apart. */
function after(
  names: readonly SignalName[],
  options: HealthOptions = BASE,
  from: HealthState = INITIAL_HEALTH,
): HealthState {
  const resolved = resolveHealthOptions(options);
  return names.reduce((state, name, index) => reduceHealth(state, SIGNALS[name], resolved, 1000 * index).state, from);
}

describe('status × signal, with thresholds of one', () => {
  const from: Record<string, readonly SignalName[]> = {
    unknown: [],
    healthy: ['probeOk'],
    degraded: ['probePoor'],
    slowed: ['probeOk', 'slow'],
    unhealthy: ['probeFailed'],
    'on trial': ['failure', 'retry'],
  };
  const table: Record<string, Partial<Record<SignalName, HealthStatus>>> = {
    unknown: {
      probeOk: 'healthy',
      probeSlow: 'degraded',
      probePoor: 'degraded',
      probeFailed: 'unhealthy',
      success: 'healthy',
      fast: 'healthy',
      slow: 'degraded',
      failure: 'unhealthy',
      ignored: 'unknown',
      decisive: 'unhealthy',
      retry: 'unknown',
    },
    healthy: {
      probeOk: 'healthy',
      probeSlow: 'degraded',
      probePoor: 'degraded',
      probeFailed: 'unhealthy',
      success: 'healthy',
      fast: 'healthy',
      slow: 'degraded',
      failure: 'unhealthy',
      ignored: 'healthy',
      decisive: 'unhealthy',
      retry: 'healthy',
    },
    // By its probe: good traffic does not make it whole.
    degraded: {
      probeOk: 'healthy',
      probeSlow: 'degraded',
      probePoor: 'degraded',
      probeFailed: 'unhealthy',
      success: 'degraded',
      fast: 'degraded',
      slow: 'degraded',
      failure: 'unhealthy',
      ignored: 'degraded',
      decisive: 'unhealthy',
      retry: 'degraded',
    },
    // By its traffic: a good probe does not make it whole.
    slowed: {
      probeOk: 'degraded',
      probeSlow: 'degraded',
      probePoor: 'degraded',
      probeFailed: 'unhealthy',
      success: 'degraded',
      fast: 'healthy',
      slow: 'degraded',
      failure: 'unhealthy',
      ignored: 'degraded',
      decisive: 'unhealthy',
      retry: 'degraded',
    },
    unhealthy: {
      probeOk: 'healthy',
      probeSlow: 'degraded',
      probePoor: 'degraded',
      probeFailed: 'unhealthy',
      success: 'unhealthy',
      fast: 'unhealthy',
      slow: 'unhealthy',
      failure: 'unhealthy',
      ignored: 'unhealthy',
      decisive: 'unhealthy',
      retry: 'unknown',
    },
    // Only an endpoint without a probe is.
    'on trial': {
      success: 'healthy',
      fast: 'healthy',
      slow: 'degraded',
      failure: 'unhealthy',
      ignored: 'unknown',
      decisive: 'unhealthy',
      retry: 'unknown',
    },
  };
  const rows = Object.entries(table).flatMap(([name, outcomes]) =>
    Object.entries(outcomes).map(([signal, to]) => ({ name, signal: signal as SignalName, to })),
  );
  it.each(rows)('$name, $signal → $to', ({ name, signal, to }) => {
    const state = after(from[name] as readonly SignalName[], EAGER);
    expect(after([signal], EAGER, state).status).toBe(to);
  });
});

describe('thresholds', () => {
  const rows: ReadonlyArray<[readonly SignalName[], HealthStatus]> = [
    [['probeOk', 'probeFailed', 'probeFailed'], 'healthy'],
    [['probeOk', 'probeFailed', 'probeFailed', 'probeFailed'], 'unhealthy'],
    [['probeOk', 'probeFailed', 'probeFailed', 'probeOk', 'probeFailed'], 'healthy'],
    [['probeOk', 'failure', 'failure', 'failure'], 'unhealthy'],
    [['probeOk', 'failure', 'failure', 'success', 'failure'], 'healthy'],
    // Probes and traffic count together, and neither excuses the other.
    [['probeOk', 'failure', 'probeFailed', 'failure'], 'unhealthy'],
    [['probeOk', 'failure', 'probeOk', 'failure', 'probeOk', 'failure'], 'unhealthy'],
    [['probeOk', 'probeFailed', 'success', 'probeFailed', 'success', 'probeFailed'], 'unhealthy'],
    [['probeOk', 'decisive'], 'unhealthy'],
    [['failure', 'failure'], 'unknown'],
    [['probeFailed', 'probeOk'], 'unhealthy'],
    [['probeFailed', 'probeOk', 'probeOk'], 'healthy'],
    [['probeFailed', 'probeOk', 'probePoor'], 'degraded'],
    [['probeFailed', 'probeOk', 'probeFailed', 'probeOk'], 'unhealthy'],
    [['probeOk', 'probeSlow', 'probePoor'], 'healthy'],
    [['probeOk', 'probeSlow', 'probePoor', 'probeSlow'], 'degraded'],
    [['probePoor', 'probeOk'], 'degraded'],
    [['probePoor', 'probeOk', 'probeOk'], 'healthy'],
    [['probeOk', 'slow', 'slow', 'fast', 'slow'], 'healthy'],
    [['probeOk', 'slow', 'slow', 'slow'], 'degraded'],
    // A success without a time says nothing of speed.
    [['probeOk', 'slow', 'slow', 'slow', 'success', 'success'], 'degraded'],
    [['probeOk', 'slow', 'slow', 'slow', 'fast', 'fast'], 'healthy'],
    [['decisive', 'retry', 'success'], 'unknown'],
    [['decisive', 'retry', 'success', 'success'], 'healthy'],
    [['decisive', 'retry', 'success', 'failure'], 'unhealthy'],
  ];
  it.each(rows)('%j → %s', (signals, status) => {
    expect(after(signals).status).toBe(status);
  });

  it('what traffic said is forgotten after its window', () => {
    const options = resolveHealthOptions(BASE);
    const failed = after(['probeOk', 'failure', 'failure']);
    expect(reduceHealth(failed, SIGNALS.failure, options, 31_999).state.status).toBe('unhealthy');
    expect(reduceHealth(failed, SIGNALS.failure, options, 32_000).state.status).toBe('healthy');
    const slowed = after(['probeOk', 'slow', 'slow', 'slow']);
    expect(reduceHealth(slowed, SIGNALS.probeOk, options, 33_000).state.status).toBe('healthy');
  });
});

describe('effects', () => {
  it('a change says from where, to where and why', () => {
    const options = resolveHealthOptions(BASE);
    const { effects } = reduceHealth(after(['probeOk', 'failure', 'failure']), SIGNALS.failure, options, 3000);
    const reason = '3 failures in a row, last of traffic: RECORD_INVALID';
    expect(effects).toEqual([{ kind: 'changed', from: 'healthy', to: 'unhealthy', reason }, { kind: 'hasten' }]);
  });

  it.each([
    ['failure', ['hasten']],
    ['ignored', []],
    ['success', []],
    ['probeFailed', []],
  ] as const)('%s at a healthy endpoint asks for %j', (signal, kinds) => {
    const { effects } = reduceHealth(after(['probeOk']), SIGNALS[signal], resolveHealthOptions(BASE), 0);
    expect(effects.map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe('flap damping', () => {
  /** Good probes that it takes to come back after `outages` in a row, at one signal a second. */
  function risesAfter(outages: number, options: HealthOptions): number {
    const resolved = resolveHealthOptions(options);
    let now = 0;
    const take = (state: HealthState, name: SignalName): HealthState =>
      reduceHealth(state, SIGNALS[name], resolved, (now += 1000)).state;
    let state = take(INITIAL_HEALTH, 'probeOk');
    let rises = 0;
    for (let outage = 0; outage < outages; outage++) {
      while (state.status === 'healthy') state = take(state, 'probeFailed');
      for (rises = 0; state.status === 'unhealthy'; rises++) state = take(state, 'probeOk');
    }
    return rises;
  }

  it.each([
    [1, 2],
    [2, 2],
    [3, 4],
    [4, 16],
    [5, 20],
    [9, 20],
  ])('outage %i takes %i good probes', (outages, rises) => {
    expect(risesAfter(outages, { flap: { changes: 4, maxRise: 20 } })).toBe(rises);
  });

  it('what lies before the window is forgotten', () => {
    expect(risesAfter(5, { flap: { changes: 4, maxRise: 20, windowMs: 4000 } })).toBe(2);
  });

  it('remembers a bounded number of falls and returns', () => {
    const options = { ...EAGER, flap: { changes: 2, maxRise: 3 } };
    expect(
      after(
        Array.from({ length: 100 }, () => ['probeFailed', 'probeOk', 'probeOk', 'probeOk'] as const).flat(),
        options,
      ).swings,
    ).toHaveLength(5);
  });
});

describe('ramp', () => {
  it('is whole for an endpoint that never fell', () => {
    expect(rampOf(after(['probeOk']), resolveHealthOptions(), 0)).toBe(1);
  });

  it('grows in a line from a tenth after a return', () => {
    const options = resolveHealthOptions({ slowStartMs: 30_000 });
    const state = after(['probeFailed', 'probeOk', 'probeOk']);
    const returnedAt = 2000;
    expect(rampOf(after(['probeFailed']), options, 0)).toBe(0.1);
    expect([0, 10_000, 20_000, 30_000, 99_000].map((ms) => rampOf(state, options, returnedAt + ms))).toEqual([
      0.1, 0.4, 0.7, 1, 1,
    ]);
  });

  it('is whole at once where there is no slow start', () => {
    const state = after(['probeFailed', 'probeOk', 'probeOk']);
    expect(rampOf(state, resolveHealthOptions({ slowStartMs: 0 }), 2000)).toBe(1);
  });
});
