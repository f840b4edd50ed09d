import { defineErrors } from '@roundhouse/core';

/**
 * Codes of authentication. Whoever has not proven to hold a credential learns CREDENTIALS_INVALID and nothing more; the
 * codes that say more are for those who have.
 */
export const identityError = defineErrors({
  CREDENTIALS_INVALID: {
    message: 'The credentials are not valid',
    hint: 'Check the token, the key, or the name and the password. The log of the server has the reason.',
    retryable: false,
    status: 401,
  },
  CREDENTIALS_EXPIRED: {
    message: 'The credentials have expired',
    hint: 'Get a new token or key.',
    retryable: false,
    status: 401,
  },
  CREDENTIALS_REVOKED: {
    message: 'The credentials have been revoked',
    hint: 'Ask for a new key; this one will not be taken again.',
    retryable: false,
    status: 401,
  },
  TOKEN_REPLAYED: {
    message: 'The token has been used before',
    hint: 'Each token of this issuer is good for one request: get a new one.',
    retryable: false,
    status: 401,
  },
  TOKEN_MEMORY_FULL: {
    message: 'No more tokens can be remembered until some expire',
    hint: 'Try again in a moment. Tokens that live shorter are forgotten earlier.',
    retryable: true,
    status: 503,
  },
  ADDRESS_NOT_ALLOWED: {
    message: 'These credentials may not be used from the address {address}',
    hint: 'Call from an allowed address, or have this one added to the principal or the key.',
    retryable: false,
    status: 403,
  },
  PRINCIPAL_DISABLED: {
    message: 'The principal is disabled',
    hint: 'Ask an administrator to enable it.',
    retryable: false,
    status: 403,
  },
  LOCKED_OUT: {
    message: 'There were too many failed attempts; the next one is taken in {retry_after_s} s',
    hint: 'Wait, or ask an administrator for "roundhouse principal unlock". Correct what sends the wrong credentials first.',
    retryable: true,
    status: 429,
  },
  BASIC_NEEDS_TLS: {
    message: 'A password is not taken over a connection that others can read',
    hint: 'Use https. The password has been sent in the clear: change it.',
    retryable: false,
    status: 403,
  },
  IDENTITY_PROVIDER_UNAVAILABLE: {
    message: 'The identity provider cannot be asked at the moment',
    hint: 'Try again later; the log of the server has the reason.',
    retryable: true,
    status: 503,
  },
  PASSWORD_BELOW_POLICY: {
    message: 'The password is right, and does not meet the policy: {reason}',
    hint: 'Make a hash of another one with "roundhouse principal hash-password", and have it put into password_hash.',
    retryable: false,
    status: 403,
  },
  PASSWORD_REUSED: {
    message: 'The password is right, and one of the {history} before it',
    hint: 'Make a hash of a new one with "roundhouse principal hash-password", and have it put into password_hash.',
    retryable: false,
    status: 403,
  },
  PASSWORD_UNFIT: {
    message: 'The password is not fit: {reason}',
    hint: 'Take another one; several words and a number are easy to remember.',
    retryable: false,
    status: 422,
  },
});
