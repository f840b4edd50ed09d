import { defineErrors } from '@roundhouse/core';

/** Codes of tracing. */
export const traceError = defineErrors({
  TRACE_OPTIONS_INVALID: {
    message: 'Tracing cannot begin: {reason}',
    hint: 'Correct the settings of the exporter, or leave it out to trace nothing.',
    retryable: false,
    status: 422,
  },
});
