import { defineErrors } from '@roundhouse/core';

/** Codes of the figures. */
export const metricsError = defineErrors({
  METRIC_HISTORY_QUERY_INVALID: {
    message: 'The history cannot be shown like that: {reason}',
    hint: 'Give times as ms since 1970 or leave them out, and a step of up to 24 h.',
    retryable: false,
    status: 422,
  },
});
