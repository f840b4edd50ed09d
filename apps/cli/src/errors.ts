import { defineErrors } from '@roundhouse/core';

/** Codes of the command line itself. */
export const cliError = defineErrors({
  ARGUMENT_INVALID: {
    message: '{argument} is not valid: {reason}',
    hint: 'Run the command with --help to see how it is written.',
    retryable: false,
    status: 422,
  },
  OPERATION_UNFINISHED: {
    message: 'Operation {operation_id} is {status}, and not finished within {timeout_ms} ms',
    hint: 'It goes on: "roundhouse operation wait {operation_id}" waits longer.',
    retryable: true,
    status: 504,
  },
  TOKEN_MISSING: {
    message: 'There is no token for {url}',
    hint: 'Start a server with "roundhouse demo" or "roundhouse up", or give the token of yours with --token or ROUNDHOUSE_TOKEN.',
    retryable: false,
    status: 401,
  },
});
