import { defineErrors } from '@roundhouse/core';

export const configurationError = defineErrors({
  CONFIGURATION_INVALID: {
    message: 'Faults in the configuration: {count}, the first at {first}; nothing was done',
    hint: '"diagnostics" lists them all; "roundhouse config check FILE" shows them with their lines.',
    retryable: false,
    status: 422,
  },
  CONFIGURATION_REJECTED: {
    message: 'The configuration could not be applied: {reason}; the one before is in force',
    hint: 'Correct what the reason names and reload.',
    retryable: false,
    status: 409,
  },
  OVERRIDE_NOT_FOUND: {
    message: 'There is no override of {path}',
    hint: 'GET /api/v1/configuration/overrides lists them.',
    retryable: false,
    status: 404,
  },
  TOO_MANY_OVERRIDES: {
    message: 'There are {max_overrides} overrides already',
    hint: 'Take some back, and write into the file what is meant to last.',
    retryable: false,
    status: 409,
  },
  NO_CONFIGURATION_FILE: {
    message: 'This server was started without a configuration file',
    hint: 'Start it with "roundhouse up --config FILE", or change its resources through the API.',
    retryable: false,
    status: 409,
  },
});
