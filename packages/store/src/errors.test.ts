import { describe, expect, it } from 'vitest';
import { storeError } from './errors.ts';

describe('storeError', () => {
  it.each(Object.entries(storeError.catalogue))('%s has a hint and an HTTP status', (_code, entry) => {
    expect(entry.hint).not.toBe('');
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });

  it('may be tried again where nothing but the state of the database stands in the way', () => {
    const retryable = Object.entries(storeError.catalogue).flatMap(([code, entry]) => (entry.retryable ? [code] : []));
    expect(retryable).toEqual(['STORE_UNAVAILABLE', 'STORE_BUSY', 'STORE_FULL', 'STORE_LOCKED']);
  });
});
