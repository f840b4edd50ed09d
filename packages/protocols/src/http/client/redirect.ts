import { httpError } from '../errors.ts';
import type { FieldValues } from '../message.ts';

/** What of a request decides where it goes next. */
export interface RedirectedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: FieldValues;
  readonly hasBody: boolean;
  /** Whether the body can be sent once more. */
  readonly isReplayable: boolean;
}

export interface NextRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: FieldValues;
  readonly keepsBody: boolean;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What may be told to one origin alone. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'host'];
/** What describes a body that is not sent any more. RFC 9110 §15.4. */
const OF_CONTENT = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-location',
  'digest',
];

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * Where a response sends a request (RFC 9110 §15.4): undefined when it does not. Raises HTTP_REDIRECT_REFUSED for a
 * place that is none, that leads out of TLS, or to which the body cannot be sent again.
 */
export function redirected(
  status: number,
  location: string | undefined,
  from: RedirectedRequest,
): NextRequest | undefined {
  if (!isRedirect(status) || location === undefined) return undefined;
  const refuse = (reason: string): Error =>
    httpError('HTTP_REDIRECT_REFUSED', { details: { peer: from.url.host, reason } });
  if (!URL.canParse(location, from.url.href)) throw refuse('the place is no URL');
  const url = new URL(location, from.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse(`it leads to ${url.protocol}`);
  if (from.url.protocol === 'https:' && url.protocol === 'http:') throw refuse('it leads out of TLS');
  url.username = '';
  url.password = '';
  if (url.hash === '') url.hash = from.url.hash;
  const becomesGet =
    (status === 303 && from.method !== 'HEAD' && from.method !== 'GET') ||
    ((status === 301 || status === 302) && from.method === 'POST');
  if (!becomesGet && from.hasBody && !from.isReplayable) throw refuse('the body cannot be sent a second time');
  const dropped = [
    ...(url.origin === from.url.origin ? [] : CREDENTIALS),
    ...(becomesGet ? OF_CONTENT : []),
    // A jar says anew what belongs to the place.
    ...(url.href === from.url.href ? [] : ['cookie']),
  ];
  const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !dropped.includes(name)));
  return { method: becomesGet ? 'GET' : from.method, url, headers, keepsBody: !becomesGet };
}
