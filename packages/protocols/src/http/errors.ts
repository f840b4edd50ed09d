import { defineErrors } from '@roundhouse/core';

/** Codes of requests and responses; those of connections are in @roundhouse/net. */
export const httpError = defineErrors({
  HTTP_REQUEST_INVALID: {
    message: 'The request is not valid: {reason}',
    hint: 'Compare it with the reference of the service.',
    retryable: false,
    status: 400,
  },
  HTTP_BODY_INVALID: {
    message: 'The body is not {format}: {reason}',
    hint: 'Send a body of the media type that the request names.',
    retryable: false,
    status: 400,
  },
  HTTP_BODY_INCOMPLETE: {
    message: 'The body ended before it was complete',
    hint: 'The other side left, or sent less than it had said. Send the request again.',
    retryable: false,
    status: 400,
  },
  HTTP_BODY_TOO_LARGE: {
    message: 'The body has more than {limit} bytes',
    hint: 'Send less, or raise the limit of this route.',
    retryable: false,
    status: 413,
  },
  HTTP_UNAUTHENTICATED: {
    message: 'The request has no valid credentials',
    hint: 'Send an Authorization field of the scheme that WWW-Authenticate names.',
    retryable: false,
    status: 401,
  },
  HTTP_ROUTE_NOT_FOUND: {
    message: 'There is nothing at {path}',
    hint: 'Check the path.',
    retryable: false,
    status: 404,
  },
  HTTP_METHOD_NOT_ALLOWED: {
    message: '{path} does not know the method {method}',
    hint: 'The field Allow of the response names the methods it knows.',
    retryable: false,
    status: 405,
  },
  HTTP_EXPECTATION_FAILED: {
    message: 'The expectation {expectation} cannot be met',
    hint: 'Send the request without the field Expect.',
    retryable: false,
    status: 417,
  },
  HTTP_TOO_MANY_REQUESTS: {
    message: 'There were more requests than are allowed in this time',
    hint: 'Wait as long as Retry-After says.',
    retryable: true,
    status: 429,
  },
  HTTP_HEAD_TOO_LARGE: {
    message: 'The fields of the request have more than {limit} bytes',
    hint: 'Send fewer or shorter fields: cookies are mostly what grows.',
    retryable: false,
    status: 431,
  },
  HTTP_HEAD_TIMEOUT: {
    message: 'The fields of the request did not arrive in time',
    hint: 'Send the request again, on a new connection.',
    retryable: true,
    status: 408,
  },
  HTTP_NO_ANSWER: {
    message: 'There was no answer within {timeout_ms} ms',
    hint: 'The work took too long. Try again later.',
    retryable: true,
    status: 503,
  },
  HTTP_CODING_UNKNOWN: {
    message: 'The transfer coding {coding} is not known here',
    hint: 'Send the body chunked, or with its length.',
    retryable: false,
    status: 501,
  },
  HTTP_ROUTE_INVALID: {
    message: 'The route {route} cannot be: {reason}',
    hint: 'Segments are text, :name or, at the end, *name.',
    retryable: false,
    status: 500,
  },
  HTTP_REDIRECT_REFUSED: {
    message: '{peer} redirects where the request does not follow: {reason}',
    hint: 'Ask for the new place itself, or allow more redirects.',
    retryable: false,
    status: 502,
  },
  HTTP_CONTENT_ENCODING: {
    message: 'The content of {peer} cannot be decoded: {reason}',
    hint: 'Ask for it without Accept-Encoding.',
    retryable: false,
    status: 502,
  },
});
