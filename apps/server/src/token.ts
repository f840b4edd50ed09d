import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { serverError } from './errors.ts';

const TOKEN_BYTES = 32;

/** A token that cannot be guessed; the prefix lets scanners of source code and logs find it. */
export function generateToken(): string {
  return `rh_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** Characters that a bearer token may have (RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const MIN_LENGTH = 8;
const MAX_LENGTH = 512;

/** Raises SETTING_INVALID. */
export function checkToken(token: string, name: string): string {
  const isValid = TOKEN.test(token) && token.length >= MIN_LENGTH && token.length <= MAX_LENGTH;
  if (isValid) return token;
  const reason = `a token has ${MIN_LENGTH} to ${MAX_LENGTH} letters, digits or -._~+/`;
  throw serverError('SETTING_INVALID', { details: { name, reason } });
}

/** Compares an Authorization header with the token, in a time that says nothing of either. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization) => {
    const match = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '');
    return match !== null && timingSafeEqual(digest(match[1] as string), expected);
  };
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
