import { defineErrors } from '@roundhouse/core';

/** Codes that a caller of the API meets before the server has answered. */
export const apiError = defineErrors({
  API_UNREACHABLE: {
    message: 'The server at {url} cannot be reached: {reason}',
    hint: 'Start it with "roundhouse up" or "roundhouse demo", or give its address with --url or ROUNDHOUSE_URL.',
    retryable: true,
    status: 503,
  },
  API_TIMEOUT: {
    message: 'The server at {url} did not answer within {timeout_ms} ms',
    hint: 'Look at the log of the server, or allow more time.',
    retryable: true,
    status: 504,
  },
  API_ANSWER_INVALID: {
    message: 'What answered at {url} is not the Roundhouse API: {reason}',
    hint: 'Check the address: another service may listen on that port.',
    retryable: false,
    status: 502,
  },
  API_URL_INVALID: {
    message: '{url} is not an http or https address',
    hint: 'Write it like http://127.0.0.1:7070.',
    retryable: false,
    status: 422,
  },
});
