import { defineErrors } from '@roundhouse/core';

export const resourceError = defineErrors({
  API_KEY_NOT_FOUND: {
    message: 'There is no API key {id}',
    hint: 'List the API keys to see which there are.',
    retryable: false,
    status: 404,
  },
  PRINCIPAL_NOT_FOUND: {
    message: 'There is no principal {id}',
    hint: 'List the principals to see which there are.',
    retryable: false,
    status: 404,
  },
  REFERENCE_MISSING: {
    message: 'The {kind} {id} names the {to_kind} {to}, which there is not',
    hint: 'Add that first, or name another.',
    retryable: false,
    status: 422,
  },
  RESOURCE_BUILT_IN: {
    message: 'The {kind} {id} is part of the product',
    hint: 'Make one of your own under another id.',
    retryable: false,
    status: 409,
  },
  RESOURCE_EXISTS: {
    message: 'There is a {kind} {id} already',
    hint: 'Choose another id, or use PUT to change the one there is.',
    retryable: false,
    status: 409,
  },
  RESOURCE_IN_FILE: {
    message: 'The {kind} {id} stands in the configuration file',
    hint: 'Change it there and reload: what is changed elsewhere would be undone by the next reload.',
    retryable: false,
    status: 409,
  },
  RESOURCE_IN_USE: {
    message: 'The {kind} {id} is in use by the {by_kind} {by}',
    hint: 'Remove or change what uses it first.',
    retryable: false,
    status: 409,
  },
  ROLE_NOT_FOUND: {
    message: 'There is no role {id}',
    hint: 'List the roles to see which there are.',
    retryable: false,
    status: 404,
  },
});
