import { httpError } from '../errors.ts';
import type { Fields } from '../message.ts';

/** `host`, `host:port`, `[v6]`, `[v6]:port`; RFC 3986 §3.2.2 without user information (RFC 9110 §4.2.4). */
const AUTHORITY = /^(?:[a-z0-9._~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;
/** What may stand in a path or query: no control, space, `#` or byte beyond ASCII. */
const VISIBLE = /^[\x21\x22\x24-\x7e]+$/;

/**
 * The target of a request in origin form, and the authority it is for: that of an absolute form is more than Host
 * (RFC 9112 §3.2.2). Raises HTTP_REQUEST_INVALID.
 */
export function originForm(
  method: string,
  target: string,
  headers: Fields,
): { readonly target: string; readonly authority: string } {
  const host = headers['host'] ?? '';
  if (!AUTHORITY.test(host)) throw invalid('the field Host is none');
  if (target.startsWith('/') && VISIBLE.test(target)) return { target, authority: host };
  if (target === '*' && method === 'OPTIONS') return { target, authority: host };
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined || authority === '' || !AUTHORITY.test(authority)) throw invalid('its target is none');
  if (rest === '') return { target: method === 'OPTIONS' ? '*' : '/', authority };
  if (!VISIBLE.test(rest)) throw invalid('its target is none');
  return { target: rest.startsWith('/') ? rest : `/${rest}`, authority };
}

function invalid(reason: string): Error {
  return httpError('HTTP_REQUEST_INVALID', { details: { reason } });
}
