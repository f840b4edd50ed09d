import { defineErrors } from '@roundhouse/core';

/** Codes of the terminal of the command line. */
export const terminalError = defineErrors({
  TERMINAL_REQUIRED: {
    message: 'A terminal is needed for input and output, and this is none',
    hint: 'Run it in a terminal window (with ssh: ssh -t). Programs use "roundhouse session" instead.',
    retryable: false,
    status: 422,
  },
});
