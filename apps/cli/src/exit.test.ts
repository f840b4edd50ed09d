import { RoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf } from './exit.ts';

describe('exitCodeOf', () => {
  it.each([
    ['API_UNREACHABLE', EXIT.Unreachable],
    ['UNAUTHENTICATED', EXIT.Unauthenticated],
    ['SESSION_NOT_FOUND', EXIT.NotFound],
    ['ENDPOINT_NOT_FOUND', EXIT.NotFound],
    ['GROUP_NOT_FOUND', EXIT.NotFound],
    ['OPERATION_NOT_FOUND', EXIT.NotFound],
    ['WAIT_TIMEOUT', EXIT.WaitTimeout],
    ['OPERATION_UNFINISHED', EXIT.WaitTimeout],
    ['SETTING_INVALID', EXIT.Usage],
    ['KEYBOARD_LOCKED', EXIT.Failure],
  ])('of %s is %d', (code, expected) => {
    expect(exitCodeOf(new RoundhouseError(code, { message: '', hint: '', retryable: false, status: 500 }))).toBe(
      expected,
    );
  });

  it('of what nobody foresaw is a failure', () => {
    expect(exitCodeOf(new Error('x'))).toBe(EXIT.Failure);
  });
});
