import { defineErrors } from '@roundhouse/core';

/** Codes of the server itself; those of the gateway and the engine pass through as they are. */
export const serverError = defineErrors({
  UNAUTHENTICATED: {
    message: 'The request carries no credentials',
    hint: 'Send "Authorization: Bearer TOKEN", with the token that roundhouse printed when it started or an API key, or "Basic …".',
    retryable: false,
    status: 401,
  },
  HOME_UNUSABLE: {
    message: 'The data directory {directory} cannot be used: {reason}',
    hint: 'Give this user a directory of its own in ROUNDHOUSE_HOME.',
    retryable: false,
    status: 500,
  },
  SECRET_UNKNOWN: {
    message: 'There is no secret {reference}',
    hint: 'Name a file or a variable that is there: secret://file/PATH or secret://env/NAME.',
    retryable: false,
    status: 422,
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
  ID_MISMATCH: {
    message: 'The path names {path_id}, the body {body_id}',
    hint: 'Leave "id" out of the body, or send it to its own path.',
    retryable: false,
    status: 422,
  },
  TOO_MANY_ACTIONS: {
    message: 'An input has at most {max_actions} actions; this one has {actions}',
    hint: 'Split it: a host rarely takes more than one screen of input at a time.',
    retryable: false,
    status: 422,
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
