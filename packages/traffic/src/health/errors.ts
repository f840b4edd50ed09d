import { defineErrors } from '@roundhouse/core';

/** Codes of health checking and outlier detection. */
export const healthError = defineErrors({
  HEALTH_OPTION_INVALID: {
    message: 'The health option {option} is not possible: {expected} is expected',
    hint: 'The documentation of health checks has names, ranges and defaults.',
    retryable: false,
    status: 422,
  },
});
