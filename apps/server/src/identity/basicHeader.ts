import { Secret } from '@roundhouse/core';

export interface NameAndPassword {
  /** Not empty, without control characters; nothing more is known of it. */
  readonly name: string;
  /** Not empty: an LDAP bind without a password succeeds and proves nothing (RFC 4513 §5.1.2). */
  readonly password: Secret;
}

/** In characters of base64: room for both lengths below in UTF-8. */
const MAX_ENCODED_LENGTH = 8_192;
const MAX_LOGIN_LENGTH = 256;
export const MAX_PASSWORD_LENGTH = 1_024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what follows `Basic ` (RFC 7617 §2), as UTF-8; undefined when it is not that. */
export function parseBasic(encoded: string): NameAndPassword | undefined {
  if (encoded.length > MAX_ENCODED_LENGTH || !BASE64.test(encoded)) return undefined;
  let text: string;
  try {
    text = utf8.decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  const password = text.slice(colon + 1);
  const isUsable =
    colon > 0 &&
    name.length <= MAX_LOGIN_LENGTH &&
    password !== '' &&
    password.length <= MAX_PASSWORD_LENGTH &&
    !CONTROL.test(text);
  return isUsable ? { name, password: new Secret(password) } : undefined;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const CONTROL = /\p{Cc}/u;
