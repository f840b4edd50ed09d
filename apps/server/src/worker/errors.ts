import { defineErrors } from '@roundhouse/core';

/** Codes of workers as the server has them; those of the supervisor pass through as they are. */
export const workersError = defineErrors({
  WORKERS_UNAVAILABLE: {
    message: 'This server supervises no workers',
    hint: 'Ask a server that "roundhouse up" has started; one that is part of another program may have no supervisor.',
    retryable: false,
    // It is the state of this server, and no fault of it: 501 would count as one.
    status: 409,
  },
  WORKER_GROUP_NOT_FOUND: {
    message: 'No worker is in a group {group}',
    hint: 'GET /api/v1/worker-groups lists those there are; a worker names its group with `group`.',
    retryable: false,
    status: 404,
  },
});
