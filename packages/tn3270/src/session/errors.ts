import { defineErrors } from '@roundhouse/core';

/** Codes of sessions that a terminal is attached to. */
export const attachError = defineErrors({
  SESSION_ATTACHED: {
    message: 'A terminal is attached to the session already',
    hint: 'Detach it first; a session has one terminal at a time.',
    retryable: true,
    status: 409,
  },
  INPUT_ATTACHED: {
    message: 'Input comes from the terminal that is attached to the session',
    hint: 'Wait until it is detached, or attach it as shared.',
    retryable: true,
    status: 409,
  },
});
