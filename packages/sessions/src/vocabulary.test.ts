import { HEALTH_STATUSES, STRATEGIES } from '@roundhouse/api';
import { type HealthStatus, STRATEGY_NAMES } from '@roundhouse/traffic';
import { describe, expect, expectTypeOf, it } from 'vitest';

describe('the words of the API are those of traffic', () => {
  it('strategies', () => {
    expect([...STRATEGIES].sort()).toEqual([...STRATEGY_NAMES].sort());
  });

  it('health', () => {
    expectTypeOf<(typeof HEALTH_STATUSES)[number]>().toEqualTypeOf<HealthStatus>();
    expect(new Set(HEALTH_STATUSES).size).toBe(HEALTH_STATUSES.length);
  });
});
