import { defineErrors } from '@roundhouse/core';

/** Codes of the log. */
export const logError = defineErrors({
  LOG_FILTER_INVALID: {
    message: 'The log filter is not valid at {part}: {reason}',
    hint: 'Write a level, or pairs like "info,sessions:debug,frontDoor:warn".',
    retryable: false,
    status: 422,
  },
  LOG_MODULE_UNKNOWN: {
    message: 'There is no log module {module}',
    hint: 'The list of levels has every module; "*" stands for those without a level of their own.',
    retryable: false,
    status: 404,
  },
  LOG_LIFETIME_INVALID: {
    message: 'The life time of a log level is from {min_ms} to {max_ms} ms, not {ttl_ms}',
    hint: 'Leave it out for a level that stays until the server ends.',
    retryable: false,
    status: 422,
  },
  LOG_FILE_UNUSABLE: {
    message: 'The log file {path} cannot be used: {reason}',
    hint: 'Check that its directory exists, is writable for the server, and has space.',
    retryable: true,
    status: 503,
  },
});
