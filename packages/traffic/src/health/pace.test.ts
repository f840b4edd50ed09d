import { describe, expect, it } from 'vitest';
import { type HealthOptions, resolveHealthOptions } from './options.ts';
import { nextCheckMs } from './pace.ts';
import { type HealthState, INITIAL_HEALTH } from './state.ts';

const SETTLED = { failures: 0, isPoor: false, contrary: 0 };
const healthy: HealthState = { ...INITIAL_HEALTH, status: 'healthy' };
const unhealthy: HealthState = { ...INITIAL_HEALTH, status: 'unhealthy' };

function wait(state: HealthState, random = 0.5, options: HealthOptions = {}): number {
  return nextCheckMs(state, resolveHealthOptions(options), 1000, random);
}

describe('nextCheckMs', () => {
  it.each<[string, HealthState, number]>([
    ['healthy', healthy, 10_000],
    ['degraded', { ...healthy, status: 'degraded', probe: { ...SETTLED, isPoor: true } }, 10_000],
    ['unknown', INITIAL_HEALTH, 2000],
    ['about to fall', { ...healthy, traffic: { ...SETTLED, failures: 1 } }, 2000],
    ['about to be degraded', { ...healthy, probe: { ...SETTLED, contrary: 1 } }, 2000],
    ['just fallen', unhealthy, 2000],
    ['failed again', { ...unhealthy, attempts: 1 }, 4000],
    ['failed four times more', { ...unhealthy, attempts: 4 }, 32_000],
    ['failed for days', { ...unhealthy, attempts: 5000 }, 60_000],
    ['answering again', { ...unhealthy, attempts: 5000, rises: 1 }, 2000],
    ['fallen after one change too many', { ...unhealthy, swings: [1, 2, 3, 4, 5] }, 4000],
  ])('%s', (_, state, ms) => {
    expect(wait(state)).toBe(ms);
  });

  it('varies by the jitter both ways, and never beyond the longest wait', () => {
    expect(wait(healthy, 0)).toBe(8000);
    expect(wait(healthy, 1)).toBe(12_000);
    expect(wait(healthy, 1, { jitter: 0 })).toBe(10_000);
    expect(wait({ ...unhealthy, attempts: 9 }, 1)).toBe(60_000);
  });
});
