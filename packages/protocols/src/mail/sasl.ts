import { createHmac } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { netError } from '@roundhouse/net';

export type PasswordMechanism = 'CRAM-MD5' | 'PLAIN' | 'LOGIN';

/** Who logs in: with a password, or with a token of OAuth 2.0 (mechanism XOAUTH2). */
export type Credentials =
  | {
      readonly user: string;
      readonly password: Secret | string;
      /** Those that may be used. Default: all; the strongest that the server offers is taken. */
      readonly mechanisms?: readonly PasswordMechanism[];
    }
  | { readonly user: string; readonly token: Secret | string };

/** One log-in by SASL (RFC 4422), from the client's side. */
export interface SaslExchange {
  readonly mechanism: string;
  /** What goes first, without being asked; null when the server speaks first. */
  readonly initial: string | null;
  /** The answer to a challenge. */
  respond(challenge: string): string;
}

/** Strongest first: one that does not show the password, one that does, and one that asks twice for the same. */
const BY_STRENGTH: readonly PasswordMechanism[] = ['CRAM-MD5', 'PLAIN', 'LOGIN'];

/** Raises NET_OPTION_INVALID. */
export function checkCredentials(credentials: Credentials): void {
  const secret = reveal(credentials);
  if (credentials.user === '' || /\0/.test(credentials.user + secret)) {
    const reason = 'a user has a name, and neither it nor the password has a NUL (RFC 4616 §2)';
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
}

/** Begins with the strongest mechanism that both sides have; undefined when there is none. */
export function beginSasl(credentials: Credentials, offered: readonly string[]): SaslExchange | undefined {
  const has = new Set(offered.map((name) => name.toUpperCase()));
  const { user } = credentials;
  const secret = reveal(credentials);
  if ('token' in credentials) return has.has('XOAUTH2') ? xoauth2(user, secret) : undefined;
  const allowed = credentials.mechanisms ?? BY_STRENGTH;
  const mechanism = BY_STRENGTH.find((name) => allowed.includes(name) && has.has(name));
  return mechanism && PASSWORD_EXCHANGES[mechanism](user, secret);
}

const PASSWORD_EXCHANGES: Readonly<Record<PasswordMechanism, (user: string, password: string) => SaslExchange>> = {
  // RFC 2195 §2
  'CRAM-MD5': (user, password) => ({
    mechanism: 'CRAM-MD5',
    initial: null,
    respond: (challenge) => `${user} ${cramMd5(password, challenge)}`,
  }),
  // RFC 4616 §2
  PLAIN: (user, password) => ({
    mechanism: 'PLAIN',
    initial: `\0${user}\0${password}`,
    respond: () => `\0${user}\0${password}`,
  }),
  // draft-murchison-sasl-login: the challenges are words for people, so only their order counts.
  LOGIN: (user, password) => {
    let asked = 0;
    return { mechanism: 'LOGIN', initial: null, respond: () => (asked++ === 0 ? user : password) };
  },
};

/** Google's and Microsoft's mechanism; a challenge is the refusal, which an empty line makes final. */
function xoauth2(user: string, token: string): SaslExchange {
  return { mechanism: 'XOAUTH2', initial: `user=${user}\u0001auth=Bearer ${token}\u0001\u0001`, respond: () => '' };
}

/** The digest of CRAM-MD5 in hexadecimal. */
export function cramMd5(password: string, challenge: string): string {
  return createHmac('md5', password).update(challenge).digest('hex');
}

function reveal(credentials: Credentials): string {
  const secret = 'token' in credentials ? credentials.token : credentials.password;
  return secret instanceof Secret ? secret.reveal() : secret;
}
