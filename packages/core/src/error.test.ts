import { describe, expect, it } from 'vitest';
import { defineErrors, isRoundhouseError, RoundhouseError } from './error.ts';
import { coreError } from './errors.ts';

const storeError = defineErrors({
  FULL: { message: '{store} holds {count} of {limit}', hint: 'Empty {store}.', retryable: true, status: 507 },
});

describe('RoundhouseError', () => {
  it('fills message and hint from its details and leaves what is not there', () => {
    const error = storeError('FULL', { details: { store: 'A', count: 0 } });
    expect(error.message).toBe('A holds 0 of {limit}');
    expect(error.hint).toBe('Empty A.');
    expect(error).toMatchObject({ name: 'RoundhouseError', code: 'FULL', retryable: true, status: 507 });
  });

  it('does not fill in twice: a detail may hold braces', () => {
    expect(storeError('FULL', { details: { store: '{count}', count: 1, limit: 2 } }).message).toBe(
      '{count} holds 1 of 2',
    );
  });

  it('shows lists and objects as JSON', () => {
    expect(storeError('FULL', { details: { store: ['a', 'b'], count: { b: 1 } } }).message).toBe(
      '["a","b"] holds {"b":1} of {limit}',
    );
  });

  it('takes the hint of the place, and a cause', () => {
    const cause = new Error('below');
    const error = storeError('FULL', { hint: 'Ask Ann.', cause });
    expect(error.hint).toBe('Ask Ann.');
    expect(error.cause).toBe(cause);
    expect(Object.hasOwn(storeError('FULL'), 'cause')).toBe(false);
  });

  it('is shown without cause, stack and status', () => {
    expect(
      JSON.parse(JSON.stringify(storeError('FULL', { details: { store: 'A' }, cause: new Error('secret') }))),
    ).toEqual({
      code: 'FULL',
      message: 'A holds {count} of {limit}',
      hint: 'Empty A.',
      retryable: true,
      details: { store: 'A' },
    });
  });

  it('is told from other errors', () => {
    expect(isRoundhouseError(storeError('FULL'))).toBe(true);
    expect(isRoundhouseError(new Error('FULL'))).toBe(false);
    expect(storeError('FULL')).toBeInstanceOf(RoundhouseError);
  });

  it.each(Object.entries(coreError.catalogue))('%s has a hint and an HTTP status', (_code, entry) => {
    expect(entry.hint).not.toBe('');
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
  });
});
