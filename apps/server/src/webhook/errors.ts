import { defineErrors } from '@roundhouse/core';

/** Codes of webhooks: those of the API, then those that an attempt to deliver may end with. */
export const webhookError = defineErrors({
  WEBHOOK_NOT_FOUND: {
    message: 'There is no webhook {webhook}',
    hint: 'GET /api/v1/webhooks lists them.',
    retryable: false,
    status: 404,
  },
  WEBHOOK_EXISTS: {
    message: 'There is a webhook {webhook} already',
    hint: 'Choose another id, or change the one that is there.',
    retryable: false,
    status: 409,
  },
  WEBHOOK_DISABLED: {
    message: 'Webhook {webhook} is disabled: {reason}',
    hint: 'See that its receiver works, then enable it.',
    retryable: false,
    status: 409,
  },
  WEBHOOK_URL_FORBIDDEN: {
    message: 'A webhook may not go to {target}: {rule}',
    hint: 'For a receiver in a private network set "allow_private", or have the operator allow its range of addresses.',
    retryable: false,
    status: 422,
  },
  WEBHOOK_SECRET_INVALID: {
    message: 'A secret of webhook {webhook} is not usable: {reason}',
    hint: 'A secret is `whsec_` and 24 to 64 bytes as base64, a signing key `whsk_` and an Ed25519 key as base64.',
    retryable: false,
    status: 422,
  },
  WEBHOOK_RANGE_INVALID: {
    message: '{range} is not a range of addresses',
    hint: 'Write it like 10.1.0.0/16 or fd00:1::/64.',
    retryable: false,
    status: 422,
  },
  TOO_MANY_WEBHOOKS: {
    message: 'There are {limit} webhooks, and no more are taken',
    hint: 'Remove those that nobody needs.',
    retryable: false,
    status: 409,
  },
  DELIVERY_NOT_FOUND: {
    message: 'There is no delivery {delivery}',
    hint: 'It may have been forgotten: deliveries are kept for 30 days.',
    retryable: false,
    status: 404,
  },
  DELIVERY_PENDING: {
    message: 'Delivery {delivery} is still to be sent',
    hint: 'Only what was delivered or given up can be sent again.',
    retryable: false,
    status: 409,
  },
  RECEIVER_REFUSED: {
    message: 'The receiver answered {status}',
    hint: 'Look at the beginning of its answer in the delivery log.',
    retryable: true,
    status: 502,
  },
  RECEIVER_REDIRECTS: {
    message: 'The receiver answered {status} and another address',
    hint: 'Redirections are not followed: enter the final URL.',
    retryable: true,
    status: 502,
  },
  RECEIVER_GONE: {
    message: 'The receiver answered 410: it wants no more messages',
    hint: 'The webhook is disabled. Enable it when the receiver is back.',
    retryable: false,
    status: 502,
  },
  RECEIVER_TIMEOUT: {
    message: 'The receiver did not answer in full within {timeout_ms} ms',
    hint: 'Receivers should store a message, answer, and work on it afterwards.',
    retryable: true,
    status: 504,
  },
  RECEIVER_UNRESOLVED: {
    message: 'The name {host} has no address: {reason}',
    hint: 'Check the URL, and the DNS of this machine.',
    retryable: true,
    status: 502,
  },
  RECEIVER_TLS_FAILED: {
    message: 'TLS with the receiver failed: {reason}',
    hint: 'Check its certificate: name, validity, and that its authority is trusted here.',
    retryable: true,
    status: 502,
  },
  RECEIVER_UNREACHABLE: {
    message: 'No connection to the receiver: {reason}',
    hint: 'Check that it runs, and that a firewall lets this machine through.',
    retryable: true,
    status: 502,
  },
});
