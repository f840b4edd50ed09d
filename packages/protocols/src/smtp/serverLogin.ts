import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { cramMd5 } from '../mail/sasl.ts';
import type { LoginAttempt, ServerMechanism } from './serverOptions.ts';

/** Asks the client, and resolves to what it says, decoded; undefined when it gave up or said no base64. */
export type AskClient = (challenge: string) => Promise<Response>;
export type Response = { readonly text: string } | 'cancelled' | 'broken';

/** RFC 4954 §4: longest response in base64. */
export const MAX_RESPONSE_BYTES = 12_288;

/** Reads a line of a log-in. */
export function readResponse(line: string): Response {
  if (line === '*') return 'cancelled';
  // RFC 4954 §4: an empty initial response is written as an equals sign.
  if (line === '=') return { text: '' };
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(line)) return 'broken';
  return { text: Buffer.from(line, 'base64').toString() };
}

type Attempt = LoginAttempt | 'cancelled' | 'broken';

/** The conversation of each mechanism, from the server's side; `first` is the initial response. */
export const LOGINS: Readonly<
  Record<ServerMechanism, (ask: AskClient, first: Response | undefined, hostname: string) => Promise<Attempt>>
> = {
  // RFC 4616
  PLAIN: async (ask, first) => {
    const response = first ?? (await ask(''));
    if (typeof response === 'string') return response;
    const [identity, user, password, ...more] = response.text.split('\0');
    if (user === undefined || password === undefined || user === '' || more.length > 0) return 'broken';
    // Nobody speaks for somebody else here.
    return identity === '' || identity === user ? shown('PLAIN', user, password) : 'broken';
  },
  // draft-murchison-sasl-login
  LOGIN: async (ask, first) => {
    const user = first ?? (await ask('Username:'));
    if (typeof user === 'string') return user;
    const password = await ask('Password:');
    return typeof password === 'string' ? password : shown('LOGIN', user.text, password.text);
  },
  // RFC 2195 §2
  'CRAM-MD5': async (ask, first, hostname) => {
    if (first !== undefined) return 'broken';
    const challenge = `<${randomBytes(16).toString('hex')}@${hostname.replace(/[[\]]/g, '')}>`;
    const response = await ask(challenge);
    if (typeof response === 'string') return response;
    const [, user, digest] = /^(.+) ([0-9a-f]{32})$/s.exec(response.text) ?? [];
    if (user === undefined || digest === undefined) return 'broken';
    const matches = (known: Secret): boolean => isSame(cramMd5(known.reveal(), challenge), digest);
    return { mechanism: 'CRAM-MD5', user, secret: null, matches };
  },
  XOAUTH2: async (ask, first) => {
    const response = first ?? (await ask(''));
    if (typeof response === 'string') return response;
    const [who = '', how = '', ...ends] = response.text.split('\u0001');
    const [user, token] = [/^user=(.+)$/s.exec(who)?.[1], /^auth=Bearer (.+)$/is.exec(how)?.[1]];
    if (ends.join() !== ',') return 'broken';
    return user === undefined || token === undefined ? 'broken' : shown('XOAUTH2', user, token);
  },
};

function shown(mechanism: ServerMechanism, user: string, text: string): LoginAttempt {
  const secret = new Secret(text);
  return { mechanism, user, secret, matches: (known) => isSame(known.reveal(), text) };
}

/** Of digests: their length tells nothing. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
