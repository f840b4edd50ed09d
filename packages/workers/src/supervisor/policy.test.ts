import { LIMIT_POLICIES } from '@roundhouse/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Violation } from '../limits/contract.ts';
import type { LimitPolicy, LimitsSpec, Severity } from '../spec/spec.ts';
import { actionOn, MAX_ADJUSTMENTS, raised } from './policy.ts';

const violation = (policy: LimitPolicy, severity: Severity, step: number): Violation => ({
  limit: 'memory.max_rss',
  policy,
  severity,
  value: 100,
  used: 110,
  step,
});

/** What each policy does, in a word; `escalate` by its step. */
const ON_EXCESS: Readonly<Record<LimitPolicy, readonly string[]>> = {
  none: ['none'],
  log: ['log'],
  alert: ['none'],
  throttle: ['throttle'],
  graceful_shutdown: ['stop for good'],
  immediate_kill: ['kill'],
  restart: ['restart'],
  restart_adjusted: ['adjust, restart'],
  escalate: ['none', 'throttle', 'restart', 'kill', 'kill'],
};

const EVENTS: Readonly<Record<string, { readonly isKill: boolean; readonly isFinal: boolean }>> = {
  'stop for good': { isKill: false, isFinal: true },
  kill: { isKill: true, isFinal: false },
  restart: { isKill: false, isFinal: false },
  'adjust, restart': { isKill: false, isFinal: false },
};

describe.each(LIMIT_POLICIES)('the policy %s', (policy) => {
  it('only tells of a warning', () => {
    expect(actionOn(violation(policy, 'warning', 9))).toEqual({ kind: policy === 'log' ? 'log' : 'none' });
  });

  it.each(ON_EXCESS[policy].map((word, index) => [index, word] as const))('does at step %i: %s', (index, word) => {
    for (const severity of ['critical', 'emergency'] as const) {
      const event = EVENTS[word] && { kind: 'limitExceeded', severity, ...EVENTS[word] };
      const kind = event === undefined ? word : word.startsWith('adjust') ? 'adjust' : 'send';
      expect(actionOn(violation(policy, severity, index))).toEqual(event === undefined ? { kind } : { kind, event });
    }
  });
});

describe('raised limits', () => {
  const limits: LimitsSpec = {
    'memory.max_rss': { value: 1_001, policy: 'restart_adjusted', warnRatio: 0.8 },
    'cpu.max_percent': { value: 50, policy: 'restart', warnRatio: 0.9 },
  };

  it.each([
    [0, 1_001],
    [1, 1_502],
    [2, 2_253],
    [3, 2_253],
    [99, 2_253],
  ])('after %i adjustments are %i where the policy says so, and else as they were', (adjustments, value) => {
    expect(raised(limits, adjustments)).toEqual({
      ...limits,
      'memory.max_rss': { value, policy: 'restart_adjusted', warnRatio: 0.8 },
    });
  });

  it('are whole and never lower than before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), fc.nat(5), (value, adjustments) => {
        const one: LimitsSpec = { 'memory.max_rss': { value, policy: 'restart_adjusted', warnRatio: 1 } };
        const [now, next] = [adjustments, adjustments + 1].map(
          (count) => raised(one, count)['memory.max_rss']?.value ?? 0,
        );
        expect(Number.isSafeInteger(now)).toBe(true);
        if (adjustments < MAX_ADJUSTMENTS) expect(next).toBeGreaterThan(now as number);
        else expect(next).toBe(now);
      }),
    );
  });
});
