import { defineErrors } from '@roundhouse/core';

/** Codes of endpoint groups and leases. */
export const trafficError = defineErrors({
  GROUP_OPTION_INVALID: {
    message: 'The option {option} of group {group} is not possible: {expected} is expected',
    hint: 'The documentation of endpoint groups has names, ranges and defaults.',
    retryable: false,
    status: 422,
  },
  ENDPOINT_OPTION_INVALID: {
    message: 'The option {option} of endpoint {endpoint} is not possible: {expected} is expected',
    hint: 'The documentation of endpoints has names, ranges and defaults.',
    retryable: false,
    status: 422,
  },
  LEASE_REQUEST_INVALID: {
    message: 'The request for an endpoint of group {group} is not possible: {field} must be {expected}',
    hint: 'Correct the request.',
    retryable: false,
    status: 422,
  },
  ENDPOINT_LIMIT_REACHED: {
    message: 'Group {group} has {endpoints} endpoints and takes no more',
    hint: 'Remove endpoints that are not used, or make a second group.',
    retryable: false,
    status: 409,
  },
  ENDPOINT_UNKNOWN: {
    message: 'Group {group} has no endpoint {endpoint}',
    hint: 'Look at the endpoints of the group; the name must be written as there.',
    retryable: false,
    status: 404,
  },
  NO_ENDPOINT: {
    message: 'No endpoint of group {group} can take the request: {summary}',
    hint: 'Look at the health of the endpoints named, and at what is drained.',
    retryable: true,
    status: 503,
  },
  GROUP_FULL: {
    message: 'No endpoint of group {group} had room: {summary}',
    hint: 'Try again later, raise the limits of its endpoints, or add one.',
    retryable: true,
    status: 503,
  },
  QUEUE_FULL: {
    message: '{waiting} requests wait for an endpoint of group {group} already: {summary}',
    hint: 'Try again later. If it happens often, the group needs more room, or a longer queue.',
    retryable: true,
    status: 503,
  },
  GROUP_CLOSED: {
    message: 'Group {group} is closed',
    hint: 'It was removed, or the server stops.',
    retryable: false,
    status: 503,
  },
});
