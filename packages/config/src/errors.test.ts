import { describe, expect, it } from 'vitest';
import { configError } from './errors.ts';

describe('configError', () => {
  it.each(Object.entries(configError.catalogue))(
    '%s has a cause, a hint and the status of a wrong configuration',
    (code, entry) => {
      expect(code).toMatch(/^CONFIG_[A-Z_]+$/);
      expect(entry.message).not.toBe('');
      expect(entry.hint).toMatch(/[.`]$/);
      expect(entry.status).toBe(422);
    },
  );

  it('what the machine refuses may be tried again, what is written wrong may not', () => {
    expect(configError('CONFIG_PORT_TAKEN').retryable).toBe(true);
    expect(configError('CONFIG_TYPE').retryable).toBe(false);
  });
});
