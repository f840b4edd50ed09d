import { isIP } from 'node:net';
import type { Scope } from '@roundhouse/core';
import { type AddressPolicy, refusal } from './addressRule.ts';
import { webhookError } from './errors.ts';

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Answers of a name that are looked at; a name with more is not one of a receiver. */
const MAX_ANSWERS = 64;

/**
 * Checks the URL of a webhook, and its address where it names one; odd spellings of IPv4 (`0x7f.1`, `2130706433`) are
 * read as the URL standard has it. Raises WEBHOOK_URL_FORBIDDEN.
 */
export function checkUrl(text: string, policy: AddressPolicy): URL {
  if (!URL.canParse(text)) throw forbidden('this text', 'it is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw forbidden(url.protocol, 'only https and http are spoken');
  if (url.username !== '' || url.password !== '') throw forbidden(url.host, 'a URL must not hold credentials');
  if (url.protocol === 'http:' && !policy.allowPrivate) throw forbidden(url.host, 'http needs "allow_private"');
  const host = hostOf(url);
  if (isIP(host) !== 0) checkAddress(host, host, policy);
  return url;
}

/**
 * Resolves the host of a URL once and checks all of its addresses: one that is refused spoils the name. Raises
 * WEBHOOK_URL_FORBIDDEN, RECEIVER_UNRESOLVED, and the reason of the scope.
 */
export async function checkedAddresses(
  url: URL,
  policy: AddressPolicy,
  resolve: Resolve,
  scope: Scope,
): Promise<readonly [string, ...string[]]> {
  const host = hostOf(url);
  const answers = isIP(host) === 0 ? await resolved(host, resolve, scope) : [host];
  for (const answer of answers) checkAddress(host, answer, policy);
  const [first, ...others] = answers;
  if (first === undefined) throw webhookError('RECEIVER_UNRESOLVED', { details: { host, reason: 'no answer' } });
  return [first, ...others];
}

async function resolved(host: string, resolve: Resolve, scope: Scope): Promise<readonly string[]> {
  try {
    return (await scope.race(resolve(host))).slice(0, MAX_ANSWERS);
  } catch (cause) {
    scope.throwIfEnded();
    const { code } = cause as { code?: unknown };
    const reason = typeof code === 'string' ? code : 'the resolver failed';
    throw webhookError('RECEIVER_UNRESOLVED', { details: { host, reason }, cause });
  }
}

function checkAddress(host: string, address: string, policy: AddressPolicy): void {
  const rule = refusal(address, policy);
  if (rule === undefined) return;
  const target = host === address ? host : `${host} (${address})`;
  throw webhookError('WEBHOOK_URL_FORBIDDEN', { details: { target, rule, address } });
}

/** Without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function forbidden(target: string, rule: string): Error {
  return webhookError('WEBHOOK_URL_FORBIDDEN', { details: { target, rule } });
}
