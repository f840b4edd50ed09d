import { defineErrors } from '@roundhouse/core';

/** Codes of what HTTP itself asks of a request, before a handler sees it. */
export const httpError = defineErrors({
  JSON_TOO_DEEP: {
    message: 'The body nests deeper than {max_depth} levels',
    hint: 'No schema of the API nests that deep. Check what wrote the body.',
    retryable: false,
    status: 400,
  },
  BODY_UNEXPECTED: {
    message: '{method} {path} takes no body',
    hint: 'Leave the body out; what a read asks for stands in its query.',
    retryable: false,
    status: 400,
  },
  CURSOR_INVALID: {
    message: 'The cursor does not belong to this list: {reason}',
    hint: 'Send "next_cursor" of the page before, with the same filters; or begin without a cursor.',
    retryable: false,
    status: 422,
  },
  IDEMPOTENCY_KEY_INVALID: {
    message: 'The Idempotency-Key is not valid: {reason}',
    hint: 'Send one text of 1 to 255 printable characters in quotation marks, for example a UUID.',
    retryable: false,
    status: 400,
  },
  IDEMPOTENCY_KEY_REUSED: {
    message: 'This Idempotency-Key came with another request before',
    hint: 'Use a new key for each request, and the same one only to send the very same request again.',
    retryable: false,
    status: 422,
  },
  IDEMPOTENCY_IN_PROGRESS: {
    message: 'The first request with this Idempotency-Key is still being answered',
    hint: 'Send it again in a moment: it then gets the answer of the first.',
    retryable: true,
    status: 409,
  },
  PRECONDITION_FAILED: {
    message: 'The resource is not what {field} asks for; its entity tag is {etag}',
    hint: 'Somebody changed it meanwhile. Read it again, and send the change with the new ETag.',
    retryable: false,
    status: 412,
  },
  PRECONDITION_REQUIRED: {
    message: '{method} {path} wants If-Match',
    hint: 'Read the resource, and send its ETag as If-Match, so that no change of somebody else is lost.',
    retryable: false,
    status: 428,
  },
  PRECONDITION_INVALID: {
    message: '{field} is not a list of entity tags',
    hint: 'Send what ETag said, quotation marks included, or "*".',
    retryable: false,
    status: 400,
  },
  OVERLOADED: {
    message: 'The server has more to do than it can: {reason}',
    hint: 'Send the request again after the time in Retry-After.',
    retryable: true,
    status: 503,
  },
  TOO_MANY_CONNECTIONS: {
    message: 'There are {connections} connections already {scope}',
    hint: 'Use a connection for many requests, and close those that are no longer needed.',
    retryable: true,
    status: 503,
  },
});
