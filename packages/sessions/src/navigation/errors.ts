import { defineErrors } from '@roundhouse/core';

/** Codes of signatures and navigation scripts. */
export const navigationError = defineErrors({
  NAVIGATION_INVALID: {
    message: '{path} is not valid: {reason}',
    hint: 'Correct what stands at this path of the navigation script or screen signature.',
    retryable: false,
    status: 422,
  },
  NAVIGATION_FAILED: {
    message: 'Navigation {script} failed in step {step} ({step_name}), {phase}: {reason}',
    hint: 'Read the screen to see where the host is. With input_in_flight the host may have acted on the last key: look before anything is sent again.',
    retryable: false,
    status: 502,
  },
});
