import { defineErrors } from '@roundhouse/core';

/** Codes of workers. */
export const workerError = defineErrors({
  WORKER_START_FAILED: {
    message: 'Worker {worker} could not be started: {reason}',
    hint: 'Look at `details.stage`: program, directory, user, limits or spawn. Run its command by hand as its user.',
    retryable: true,
    status: 422,
  },
  WORKER_RUN_DIRECTORY: {
    message: 'The run directory {directory} cannot be used: {reason}',
    hint: 'Make room, or mount it for writing. What runs goes on; nothing new can be started until then.',
    retryable: true,
    status: 503,
  },
  WORKER_LOG_DIRECTORY: {
    message: 'The log directory {directory} cannot be used: {reason}',
    hint: 'Make room, or mount it for writing.',
    retryable: true,
    status: 503,
  },
  WORKER_KILL_FAILED: {
    message: 'Processes of worker {worker} outlive SIGKILL: {pids}',
    hint: 'They wait in the kernel, often for a disk or a network file system. They go when that answers.',
    retryable: true,
    status: 500,
  },
  SUPERVISOR_RUNNING: {
    message: 'Another Roundhouse (pid {pid}) supervises the workers of {directory}',
    hint: 'Stop it, or give this one a data directory of its own with ROUNDHOUSE_HOME.',
    retryable: false,
    status: 409,
  },
  LOG_PATTERN_INVALID: {
    message: 'The pattern {pattern} is no regular expression: {reason}',
    hint: 'Escape what is meant literally with a backslash.',
    retryable: false,
    status: 422,
  },
});
