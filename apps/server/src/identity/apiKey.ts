import { hash } from 'node:crypto';
import type { ApiKeyInput, ApiKeyRecord } from '@roundhouse/api';
import { Secret } from '@roundhouse/core';

const SECRET_BYTES = 32;
/** base64url of 32 bytes. */
const SECRET_LENGTH = 43;
/** Lets scanners of source code and logs find it. */
const PREFIX = 'rh_';
const MAX_KEY_LENGTH = 256;

/** Makes a key: `rh_`, its id, `_` and 256 random bits. The record has its hash; the key itself is shown once. */
export function createApiKey(
  input: ApiKeyInput,
  deps: { readonly randomBytes: (size: number) => Buffer },
): { readonly record: ApiKeyRecord; readonly key: Secret } {
  const key = `${PREFIX}${input.id}_${deps.randomBytes(SECRET_BYTES).toString('base64url')}`;
  // A hash that is quick to compute is enough where there is nothing to guess.
  return { record: { ...input, hash: digestOf(key).toString('hex') }, key: new Secret(key) };
}

/** Id of what looks like a key; undefined for any other token. */
export function apiKeyId(token: string): string | undefined {
  const separator = token.length - SECRET_LENGTH - 1;
  const isKey =
    separator > PREFIX.length &&
    token.length <= MAX_KEY_LENGTH &&
    token.startsWith(PREFIX) &&
    token.charCodeAt(separator) === UNDERSCORE;
  return isKey ? token.slice(PREFIX.length, separator) : undefined;
}

const UNDERSCORE = 0x5f;

/** SHA-256. */
export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
