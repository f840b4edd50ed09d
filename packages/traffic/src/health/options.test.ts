import { describe, expect, it } from 'vitest';
import { type FailureClass, type HealthOptions, resolveHealthOptions } from './options.ts';

describe('resolveHealthOptions', () => {
  it('completes', () => {
    const resolved = resolveHealthOptions({ intervalMs: 1000, passive: { codes: { HOST_DOWN: 'decisive' } } });
    expect(resolved).toMatchObject({
      intervalMs: 1000,
      fastIntervalMs: 1000,
      timeoutMs: 5000,
      rise: 2,
      fall: 3,
      historySize: 64,
    });
    expect([...resolved.passive.codes]).toEqual([
      ['CANCELLED', 'ignored'],
      ['HOST_DOWN', 'decisive'],
    ]);
  });

  it.each<[string, HealthOptions]>([
    ['interval_ms', { intervalMs: 0 }],
    ['interval_ms', { intervalMs: Number.NaN }],
    ['fast_interval_ms', { intervalMs: 1000, fastIntervalMs: 1001 }],
    ['timeout_ms', { timeoutMs: Infinity }],
    ['max_backoff_ms', { fastIntervalMs: 5000, maxBackoffMs: 4000 }],
    ['jitter', { jitter: 0.6 }],
    ['rise', { rise: 0 }],
    ['fall', { fall: 1.5 }],
    ['degraded_above_ms', { degradedAboveMs: -1 }],
    ['slow_start_ms', { slowStartMs: -1 }],
    ['flap.changes', { flap: { changes: 0 } }],
    ['flap.max_rise', { rise: 5, flap: { maxRise: 4 } }],
    ['passive.window_ms', { passive: { windowMs: 0 } }],
    ['passive.codes.X', { passive: { codes: { X: 'fatal' as FailureClass } } }],
    ['history_size', { historySize: 0 }],
  ])('refuses %s of %j', (option, options) => {
    expect(() => resolveHealthOptions(options)).toThrow(
      expect.objectContaining({ code: 'HEALTH_OPTION_INVALID', details: expect.objectContaining({ option }) }),
    );
  });
});
