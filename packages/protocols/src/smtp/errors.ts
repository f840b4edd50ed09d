import { defineErrors } from '@roundhouse/core';

/** Codes of the queue of outgoing mail. */
export const mailError = defineErrors({
  MAIL_QUEUE_FULL: {
    message: 'The mail queue takes no more: {reason}',
    hint: 'Look at why messages stay: `list()` shows the last answer of each. Then allow more, or wait.',
    retryable: true,
    status: 503,
  },
  MAIL_QUEUE_IN_USE: {
    message: 'Another process works on the mail queue in {directory}',
    hint: 'One folder is one queue of one process. Stop the other one, or use another folder.',
    retryable: true,
    status: 409,
  },
  MAIL_QUEUE_CLOSED: {
    message: 'The mail queue in {directory} is closed',
    hint: 'What is in it stays, and goes on when it is opened again.',
    retryable: true,
    status: 503,
  },
});
