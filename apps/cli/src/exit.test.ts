import { RoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf } from './exit.ts';

function errorOf(code: string, status: number): RoundhouseError {
  return new RoundhouseError(code, { message: '', hint: '', retryable: false, status });
}

describe('exitCodeOf', () => {
  it.each([
    ['API_UNREACHABLE', 503, EXIT.Unreachable],
    ['UNAUTHENTICATED', 401, EXIT.Unauthenticated],
    ['LOCKED_OUT', 429, EXIT.Unauthenticated],
    ['SESSION_NOT_FOUND', 404, EXIT.NotFound],
    ['ROLE_NOT_FOUND', 404, EXIT.NotFound],
    ['WAIT_TIMEOUT', 504, EXIT.WaitTimeout],
    ['OPERATION_UNFINISHED', 504, EXIT.WaitTimeout],
    ['SETTING_INVALID', 422, EXIT.Usage],
    ['KEYBOARD_LOCKED', 409, EXIT.Failure],
    ['VALIDATION_FAILED', 422, EXIT.Failure],
    ['PERMISSION_DENIED', 403, EXIT.Failure],
    ['FORBIDDEN', 403, EXIT.Denied],
    ['PRINCIPAL_DISABLED', 403, EXIT.Denied],
    ['PRECONDITION_FAILED', 412, EXIT.Conflict],
    ['RESOURCE_IN_USE', 409, EXIT.Conflict],
    ['RESOURCE_IN_FILE', 409, EXIT.Conflict],
    ['CONFIG_SYNTAX', 422, EXIT.ConfigInvalid],
    ['CONFIGURATION_INVALID', 422, EXIT.ConfigInvalid],
    ['MANIFEST_INVALID', 422, EXIT.ConfigInvalid],
    ['SOME_FAILED', 409, EXIT.Findings],
    ['INPUT_INTERRUPTED', 499, EXIT.Interrupted],
  ])('of %s with status %d is %d', (code, status, expected) => {
    expect(exitCodeOf(errorOf(code, status))).toBe(expected);
  });

  it('of what nobody foresaw is a failure', () => {
    expect(exitCodeOf(new Error('x'))).toBe(EXIT.Failure);
  });
});
