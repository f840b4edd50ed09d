import { defineErrors } from '@roundhouse/core';

/** Codes of the resilience policies. Those that say no for a while carry `retry_after_ms` in their details. */
export const resilienceError = defineErrors({
  POLICY_INVALID: {
    message: 'The {option} of a {policy} must be {expected}, not {value}',
    hint: 'Correct the setting; the limits of each policy stand in its documentation.',
    retryable: false,
    status: 422,
  },
  BREAKER_OPEN: {
    message: '{what} is left alone for a while, because it failed too often',
    hint: 'Look at what it failed with. It is tried again by itself.',
    retryable: true,
    status: 503,
  },
  BULKHEAD_FULL: {
    message: '{what}: all {limit} places are taken and {waiting} wait already',
    hint: 'Try again when some have finished, or allow more at a time.',
    retryable: true,
    status: 503,
  },
  TOKEN_QUEUE_FULL: {
    message: '{what}: {waiting} wait for their turn already',
    hint: 'Try again later, or raise the rate if what stands behind it can bear that.',
    retryable: true,
    status: 503,
  },
  RATE_LIMITED: {
    message: '{what}: more than {limit} in {interval_ms} ms',
    hint: 'Try again in {retry_after_ms} ms.',
    retryable: true,
    status: 429,
  },
});
