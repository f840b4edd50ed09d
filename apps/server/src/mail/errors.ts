import { defineErrors } from '@roundhouse/core';

/** Codes of mail that is kept. */
export const mailError = defineErrors({
  MAIL_NOT_FOUND: {
    message: 'There is no message {message}',
    hint: 'GET /api/v1/mail lists those that the store keeps; it may have been removed, by somebody or for its age.',
    retryable: false,
    status: 404,
  },
});
