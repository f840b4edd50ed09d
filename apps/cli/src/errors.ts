import { defineErrors } from '@roundhouse/core';

/** Codes of the command line itself. */
export const cliError = defineErrors({
  ARGUMENT_INVALID: {
    message: '{argument} is not valid: {reason}',
    hint: 'Run the command with --help to see how it is written.',
    retryable: false,
    status: 422,
  },
  TOKEN_MISSING: {
    message: 'There is no token for {url}',
    hint: 'Start a server with "roundhouse demo" or "roundhouse up", or give the token of yours with --token or ROUNDHOUSE_TOKEN.',
    retryable: false,
    status: 401,
  },
});
