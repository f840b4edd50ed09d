import { defineErrors } from '@roundhouse/core';

/** Codes of the command line itself. */
export const cliError = defineErrors({
  ARGUMENT_INVALID: {
    message: '{argument} is not valid: {reason}',
    hint: 'Run the command with --help to see how it is written.',
    retryable: false,
    status: 422,
  },
  INDEX_FAILED: {
    message: 'The index of the audit cannot be made: {reason}',
    hint: 'See that the disk of the server has room. It goes on by itself; "roundhouse audit status" says how far it is.',
    retryable: true,
    status: 503,
  },
  INPUT_INTERRUPTED: {
    message: 'Nothing was done: the question was left without an answer',
    hint: 'Run the command again.',
    retryable: false,
    status: 499,
  },
  MANIFEST_INVALID: {
    message: 'The manifest is not valid, so nothing is done',
    hint: 'Correct what is listed. A manifest has the lists of a configuration file, like endpoints and roles.',
    retryable: false,
    status: 422,
  },
  OPERATION_UNFINISHED: {
    message: 'Operation {operation_id} is {status}, and not finished within {timeout_ms} ms',
    hint: 'It goes on: "roundhouse operation wait {operation_id}" waits longer.',
    retryable: true,
    status: 504,
  },
  SOME_FAILED: {
    message: '{failed} of {total} failed',
    hint: 'The lines above say which and why. What is done stays done: correct the rest and run it again.',
    retryable: false,
    status: 409,
  },
  TOKEN_MISSING: {
    message: 'There is no token for {url}',
    hint: 'Start a server with "roundhouse demo" or "roundhouse up", or give the token of yours with --token or ROUNDHOUSE_TOKEN.',
    retryable: false,
    status: 401,
  },
  WORKER_ENDED: {
    message: 'Worker {worker} was started, and has ended since: {reason}',
    hint: 'Its last lines say why. A readiness probe has a start wait until the worker does its work.',
    retryable: false,
    status: 409,
  },
});
