import { defineErrors } from '@roundhouse/core';

/** Codes of messages that are read, built or signed. */
export const mimeError = defineErrors({
  MIME_LIMIT_EXCEEDED: {
    message: 'The message has more than {limit} {unit} of {what}',
    hint: 'Raise the limit if such messages are expected; else the sender is broken or hostile.',
    retryable: false,
    status: 413,
  },
  MIME_UNREADABLE: {
    message: 'The message cannot be read: {reason}',
    hint: 'Keep it as it is: it is no message of RFC 5322, or was damaged on its way.',
    retryable: false,
    status: 422,
  },
  MIME_INVALID: {
    message: 'The message cannot be built: {reason}',
    hint: 'Headers are single lines; what people write belongs into the text.',
    retryable: false,
    status: 422,
  },
  DKIM_KEY_INVALID: {
    message: 'The message cannot be signed: {reason}',
    hint: 'Give the PEM of an RSA key of 1,024 bits or more: openssl genrsa 2048 (RFC 8301 §3.2).',
    retryable: false,
    status: 422,
  },
});
