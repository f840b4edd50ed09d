import { defineErrors } from '@roundhouse/core';

/** Codes of authorisation. */
export const policyError = defineErrors({
  FORBIDDEN: {
    message: 'The caller may not {verb} {kind}: {reason}',
    hint: 'Ask for a role that allows it.',
    retryable: false,
    status: 403,
  },
  ROLE_DUPLICATE: {
    message: 'There are two roles named {role}',
    hint: 'Give one of them another id; those of the built-in roles are taken.',
    retryable: false,
    status: 422,
  },
});
