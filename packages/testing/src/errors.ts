import { defineErrors } from '@roundhouse/core';

/** Codes of the test instruments. */
export const testingError = defineErrors({
  RECORDING_INVALID: {
    message: '{file}: {reason}',
    hint: 'Look at the recording; its notation is described in the README beside it.',
    retryable: false,
    status: 500,
  },
  PEER_FAILED: {
    message: '{peer} failed: {reason}',
    hint: 'Run the same command by hand and look at what it prints.',
    retryable: false,
    status: 500,
  },
  PEER_REFUSED: {
    message: '{peer} refused {action}: {reason}',
    hint: 'The action is wrong, or not allowed in the state that the emulator is in.',
    retryable: false,
    status: 500,
  },
});
