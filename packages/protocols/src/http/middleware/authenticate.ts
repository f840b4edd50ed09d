import type { Scope } from '@roundhouse/core';
import { Secret } from '@roundhouse/core';
import { httpError } from '../errors.ts';
import type { HttpRequest, Middleware, Note } from '../message.ts';
import { problem } from '../problem.ts';

/** What a client says to be let in. RFC 6750 §2.1, RFC 7617. */
export type Credentials =
  | { readonly scheme: 'bearer'; readonly token: Secret }
  | { readonly scheme: 'basic'; readonly user: string; readonly password: Secret };

export interface AuthenticateOptions<P> {
  /** Who it is; undefined for nobody. What it throws is answered as any failure. */
  readonly verify: (credentials: Credentials, request: HttpRequest, scope: Scope) => Promise<P | undefined>;
  /** Where the handler finds who it is. */
  readonly principal: Note<P>;
  /** Offered to who comes without: schemes and realm of WWW-Authenticate. Default both schemes. */
  readonly schemes?: readonly Credentials['scheme'][];
  /** Default `roundhouse`. */
  readonly realm?: string;
}

/** Lets in who has good credentials; others get 401. */
export function authenticate<P>(options: AuthenticateOptions<P>): Middleware {
  const { verify, principal, schemes = ['bearer', 'basic'], realm = 'roundhouse' } = options;
  const quoted = realm.replaceAll(/[^\x20-\x7e]/g, '').replaceAll(/["\\]/g, '\\$&');
  const challenges = schemes.map((scheme) =>
    scheme === 'basic' ? `Basic realm="${quoted}", charset="UTF-8"` : `Bearer realm="${quoted}"`,
  );
  const refused = problem(httpError('HTTP_UNAUTHENTICATED'), { 'www-authenticate': challenges });
  return (next) => async (request, scope) => {
    const credentials = readCredentials(request.headers['authorization']);
    if (credentials === undefined || !schemes.includes(credentials.scheme)) return refused;
    const found = await verify(credentials, request, scope);
    if (found === undefined) return refused;
    request.notes.set(principal, found);
    return next(request, scope);
  };
}

const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** Reads an Authorization field; undefined for what is none of the two schemes. */
function readCredentials(field: string | undefined): Credentials | undefined {
  if (field === undefined) return undefined;
  const token = BEARER.exec(field)?.[1];
  if (token !== undefined) return { scheme: 'bearer', token: new Secret(token) };
  const encoded = BASIC.exec(field)?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon === -1) return undefined;
  return { scheme: 'basic', user: pair.slice(0, colon), password: new Secret(pair.slice(colon + 1)) };
}
