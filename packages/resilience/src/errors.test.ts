import { describe, expect, it } from 'vitest';
import { resilienceError } from './errors.ts';

describe('resilienceError', () => {
  it.each(Object.entries(resilienceError.catalogue))('%s has a hint and an HTTP status', (_code, entry) => {
    expect(entry.hint).not.toBe('');
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });

  it.each(['BREAKER_OPEN', 'BULKHEAD_FULL', 'TOKEN_QUEUE_FULL', 'RATE_LIMITED'] as const)(
    '%s may be tried again later',
    (code) => expect(resilienceError(code).retryable).toBe(true),
  );
});
