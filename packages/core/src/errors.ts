import { defineErrors } from './error.ts';

/** Codes that any package may raise. */
export const coreError = defineErrors({
  CANCELLED: {
    message: 'The operation was cancelled',
    hint: 'Nothing is wrong: the caller ended it. Start it again if it is still wanted.',
    retryable: true,
    status: 499,
  },
  DEADLINE_EXCEEDED: {
    message: '{what} did not finish within {timeout_ms} ms',
    hint: 'Check that the other side answers, or allow more time.',
    retryable: true,
    status: 504,
  },
  ILLEGAL_TRANSITION: {
    message: '{machine} cannot go from {from} to {to}',
    hint: 'Wait for the present state to end, or look at the history of the object.',
    retryable: false,
    status: 409,
  },
  INTERNAL: {
    message: 'Something failed that should not: {reason}',
    hint: 'The log has the stack. Please report it with the trace.',
    retryable: false,
    status: 500,
  },
  NOT_SUPPORTED: {
    message: '{what} is not supported',
    hint: 'The conformance page lists what is.',
    retryable: false,
    status: 501,
  },
});

/** Codes of secrets at rest. */
export const sealError = defineErrors({
  SEAL_KEY_INVALID: {
    message: 'The key {key} cannot seal: {reason}',
    hint: 'Give 32 random bytes, as text in base64: openssl rand -base64 32.',
    retryable: false,
    status: 422,
  },
  SEAL_KEY_UNKNOWN: {
    message: 'The secret is sealed with the key {key}, which is not here',
    hint: 'Give that key too, until all that is sealed with it has been sealed anew.',
    retryable: false,
    status: 500,
  },
  SEAL_BROKEN: {
    message: 'A sealed secret cannot be opened: {reason}',
    hint: 'It was changed, moved to another place, or sealed with another key of the same name. Enter the secret again.',
    retryable: false,
    status: 500,
  },
});
