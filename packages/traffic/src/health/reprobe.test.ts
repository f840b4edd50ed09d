import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { resolveEndpoint } from '../endpoint.ts';
import type { Probe, ProbeResult } from '../probe.ts';
import type { HealthStatus } from './contract.ts';
import { createHealth } from './monitor.ts';
import { type HealthOptions, resolveHealthOptions } from './options.ts';

const ENDPOINT = resolveEndpoint({ id: 'lpar1', target: 'host' });
const OK: ProbeResult = { outcome: 'ok', elapsedMs: 3, steps: [] };
const DEGRADED: ProbeResult = { ...OK, outcome: 'degraded' };
const FAILED: ProbeResult = {
  outcome: 'failed',
  elapsedMs: 3,
  steps: [],
  error: { code: 'CONNECT_REFUSED', message: '' },
};
const INTERVAL_MS = 10_000;
const FAST_MS = 2_000;

const resolved = (options: HealthOptions = {}) =>
  resolveHealthOptions({ jitter: 0, intervalMs: INTERVAL_MS, fastIntervalMs: FAST_MS, ...options });

/** A probe that always finds the same, with the times of its checks; one that finds nothing goes on until it is ended. */
function probing(clock: FakeClock, finds?: ProbeResult): Probe<string> & { readonly times: number[]; ended: number } {
  const probe = {
    kind: 'scripted',
    times: [] as number[],
    ended: 0,
    check: async (_: unknown, scope: Parameters<Probe<string>['check']>[1]) => {
      probe.times.push(clock.monotonic());
      if (finds !== undefined) return finds;
      scope.onEnd(() => probe.ended++);
      return scope.race(new Promise<never>(() => {}));
    },
  };
  return probe;
}

/** A health that has been watched by its first probe, or by traffic, until `wait` has passed. */
async function watched(finds: ProbeResult | null, options: HealthOptions = {}, waitMs = 60_000) {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const first = finds === null ? undefined : probing(clock, finds);
  const random = () => 0.5;
  const health = createHealth(ENDPOINT, first, resolved(options), { clock, random, scope });
  const changes: HealthStatus[] = [];
  health.on('changed', ({ to }) => changes.push(to));
  health.start();
  await clock.advance(waitMs);
  changes.length = 0;
  return { clock, health, changes, first };
}

describe('a health under another probe', () => {
  it('is what it was, with its history, until the new probe has spoken as often as it must', async () => {
    const { clock, health, changes } = await watched(OK);
    health.report({ kind: 'success', responseMs: 40 });
    const before = health.view();
    const failing = probing(clock, FAILED);
    health.configure(failing, resolved({ fall: 2 }));
    expect(health.view()).toEqual(before);
    expect(health.ramp).toBe(1);
    expect(health.responseMs).toBe(40);
    await clock.advance(FAST_MS / 2);
    expect(failing.times).toHaveLength(1);
    expect(health.status).toBe('healthy');
    await clock.advance(FAST_MS);
    expect(changes).toEqual(['unhealthy']);
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not judged by what the old one saw: not by its failures in a row, nor by a check under way', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const finds = [OK, FAILED, FAILED];
    const old = probing(clock);
    const first: Probe<string> = {
      kind: 'first',
      check: async (endpoint, within) => finds.shift() ?? old.check(endpoint, within),
    };
    const health = createHealth(ENDPOINT, first, resolved({ fall: 3 }), { clock, random: () => 0, scope });
    health.start();
    await clock.advance(INTERVAL_MS + 2 * FAST_MS);
    expect(old.times).toHaveLength(1);
    const entries = health.view().history.length;
    const failing = probing(clock, FAILED);
    health.configure(failing, resolved({ fall: 3 }));
    expect(old.ended).toBe(1);
    await clock.advance(FAST_MS);
    // Its own first check, at once, and the next.
    expect(failing.times).toHaveLength(2);
    expect(health.view().history).toHaveLength(entries + 2);
    expect(health.status).toBe('healthy');
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('comes back soon where the old one had long given it up', async () => {
    const { clock, health, changes } = await watched(FAILED, {}, 600_000);
    expect(health.status).toBe('unhealthy');
    health.configure(probing(clock, OK), resolved({ rise: 2 }));
    await clock.advance(FAST_MS / 2 + FAST_MS);
    expect(changes).toEqual(['healthy']);
    health.stop();
  });

  it('is left to traffic where there is none any more', async () => {
    const { clock, health, changes, first } = await watched(DEGRADED);
    expect(health.status).toBe('degraded');
    health.configure(undefined, resolved());
    const checks = first?.times.length;
    await clock.advance(10 * INTERVAL_MS);
    expect(first?.times).toHaveLength(checks as number);
    // Nobody may choose a degraded endpoint to find out.
    expect(changes).toEqual(['healthy']);
    health.report({ kind: 'failure', code: 'HOST_SILENT' });
    health.report({ kind: 'failure', code: 'HOST_SILENT' });
    health.report({ kind: 'failure', code: 'HOST_SILENT' });
    expect(health.status).toBe('unhealthy');
    health.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is probed where it was left to traffic, on trial or not', async () => {
    const { clock, health, changes } = await watched(null, { fall: 1 });
    health.report({ kind: 'failure', code: 'CONNECT_REFUSED' });
    await clock.advance(FAST_MS);
    expect(changes).toEqual(['unhealthy', 'unknown']);
    health.configure(probing(clock, OK), resolved());
    await clock.advance(FAST_MS);
    expect(health.status).toBe('healthy');
    health.stop();
  });

  it('watches in the new way from the start when it has not begun, and not at all once it is stopped', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const [first, second, third] = [probing(clock, FAILED), probing(clock, OK), probing(clock, FAILED)];
    const health = createHealth(ENDPOINT, first, resolved(), { clock, random: () => 0.5, scope });
    health.configure(second, resolved());
    expect(clock.pendingTimers).toBe(0);
    health.start();
    await clock.advance(INTERVAL_MS);
    expect([first.times.length, health.status]).toEqual([0, 'healthy']);
    health.stop();
    health.configure(third, resolved());
    expect(clock.pendingTimers).toBe(0);
  });
});
