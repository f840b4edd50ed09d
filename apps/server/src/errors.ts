import { defineErrors } from '@roundhouse/core';

/** Codes of the server itself; those of the engine pass through as they are. */
export const serverError = defineErrors({
  UNAUTHENTICATED: {
    message: 'The request carries no valid token',
    hint: 'Send "Authorization: Bearer TOKEN"; roundhouse printed the token when it started.',
    retryable: false,
    status: 401,
  },
  NOT_FOUND: {
    message: 'There is nothing at {path}',
    hint: 'GET /api/v1/openapi.json lists every route.',
    retryable: false,
    status: 404,
  },
  METHOD_NOT_ALLOWED: {
    message: '{path} does not take {method}',
    hint: 'It takes {allow}.',
    retryable: false,
    status: 405,
  },
  VALIDATION_FAILED: {
    message: 'The request is not valid: {first}',
    hint: '"errors" lists each fault with a pointer to it.',
    retryable: false,
    status: 422,
  },
  BODY_INVALID: {
    message: 'The body is not valid JSON: {reason}',
    hint: 'Send one JSON object in UTF-8.',
    retryable: false,
    status: 400,
  },
  BODY_TOO_LARGE: {
    message: 'The body is larger than {max_body_bytes} bytes',
    hint: 'Split the input into several requests.',
    retryable: false,
    status: 413,
  },
  MEDIA_TYPE_UNSUPPORTED: {
    message: 'The body has a media type that is not taken',
    hint: 'Send "Content-Type: application/json" without a content encoding.',
    retryable: false,
    status: 415,
  },
  REQUEST_MALFORMED: {
    message: 'The request is not valid HTTP: {reason}',
    hint: 'Check the request line, the headers and the percent-encoding of the path.',
    retryable: false,
    status: 400,
  },
  REQUEST_TIMEOUT: {
    message: 'The request did not arrive in time',
    hint: 'Send the headers and the body without long pauses.',
    retryable: true,
    status: 408,
  },
  HEADERS_TOO_LARGE: {
    message: 'The headers of the request are too large',
    hint: 'Send fewer or shorter headers.',
    retryable: false,
    status: 431,
  },
  SHUTTING_DOWN: {
    message: 'The server is stopping',
    hint: 'Send the request again when the server is back.',
    retryable: true,
    status: 503,
  },
  SESSION_NOT_FOUND: {
    message: 'There is no session {session_id}',
    hint: 'It may have ended a while ago. GET /api/v1/sessions lists those there are.',
    retryable: false,
    status: 404,
  },
  SESSION_NOT_READY: {
    message: 'Session {session_id} is still being connected',
    hint: 'Try again in a moment, or create sessions with "wait": "screen".',
    retryable: true,
    status: 409,
  },
  SESSION_LIMIT_REACHED: {
    message: 'All {max_sessions} sessions are in use',
    hint: 'Close sessions that are no longer needed, or raise the limit of the server.',
    retryable: true,
    status: 429,
  },
  INPUT_BUSY: {
    message: 'Session {session_id} is busy with other input',
    hint: 'One input runs at a time. Send the next one when the answer to the last has come.',
    retryable: true,
    status: 429,
  },
  TOO_MANY_ACTIONS: {
    message: 'An input has at most {max_actions} actions; this one has {actions}',
    hint: 'Split it: a host rarely takes more than one screen of input at a time.',
    retryable: false,
    status: 422,
  },
  WAITERS_LIMIT_REACHED: {
    message: '{waiters} requests wait for the screen of session {session_id} already',
    hint: 'Let fewer callers wait on one session, or read the screen without "after".',
    retryable: true,
    status: 429,
  },
  PORT_IN_USE: {
    message: 'Port {port} on {host} is in use',
    hint: 'Stop what listens there, or choose another port with {variable}.',
    retryable: true,
    status: 503,
  },
  SETTING_INVALID: {
    message: '{name} is not valid: {reason}',
    hint: 'Correct the environment variable or option and start again.',
    retryable: false,
    status: 422,
  },
});
