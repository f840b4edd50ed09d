import { describe, expect, it } from 'vitest';
import { auditError } from './errors.ts';

describe('auditError', () => {
  it.each(Object.entries(auditError.catalogue))('%s has a hint and an HTTP status', (code, entry) => {
    expect(code).toMatch(/^AUDIT_/);
    expect(entry.hint).not.toBe('');
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });

  it('may be tried again where a disk, a sink, an index or another process stands in the way', () => {
    const retryable = Object.entries(auditError.catalogue).flatMap(([code, entry]) => (entry.retryable ? [code] : []));
    expect(retryable).toEqual([
      'AUDIT_UNAVAILABLE',
      'AUDIT_BUSY',
      'AUDIT_SINK_LAGGING',
      'AUDIT_CLOSED',
      'AUDIT_LOCKED',
      'AUDIT_SINK_FAILED',
      'AUDIT_INDEX_UNAVAILABLE',
      'AUDIT_INDEX_BEHIND',
      'AUDIT_ARCHIVE_FAILED',
    ]);
  });
});
