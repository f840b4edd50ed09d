import { domainToASCII } from 'node:url';
import { isIPv4, isIPv6 } from 'node:net';
import { netError } from '@roundhouse/net';
import { printable } from '../mail/printable.ts';

/** An address of mail in its parts. */
export interface Mailbox {
  /** As written, a quoted string with its quotes. */
  readonly local: string;
  /** A name, or an address in brackets (RFC 5321 §4.1.3). */
  readonly domain: string;
}

/** RFC 5321 §4.5.3.1.1-3, octets. */
const MAX_LOCAL_BYTES = 64;
const MAX_DOMAIN_BYTES = 255;
const MAX_PATH_BYTES = 254;

/** RFC 5321 §4.1.2; what lies outside of US-ASCII is of RFC 6531 §3.3. */
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]+";
const DOT_STRING = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const QUOTED = /^"(?:[ !#-[\]-~\u00a0-\u{10ffff}]|\\[ -~])*"$/u;
const LABEL = /^[A-Za-z0-9\u00a0-\u{10ffff}](?:[A-Za-z0-9\u00a0-\u{10ffff}-]*[A-Za-z0-9\u00a0-\u{10ffff}])?$/u;

/** Reads `local@domain`; undefined when it is not one. */
export function readMailbox(text: string): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const domain = text.slice(at + 1);
  const bytes = Buffer.byteLength(text);
  if (at === -1 || bytes > MAX_PATH_BYTES || Buffer.byteLength(local) > MAX_LOCAL_BYTES) return undefined;
  if (!DOT_STRING.test(local) && !QUOTED.test(local)) return undefined;
  return isDomain(domain) ? { local, domain } : undefined;
}

/** Reads `local@domain`. Raises ADDRESS_INVALID. */
export function parseMailbox(text: string): Mailbox {
  const mailbox = readMailbox(text);
  if (mailbox !== undefined) return mailbox;
  const details = { address: printable(text), reason: 'it is not of the form local@domain (RFC 5321 §4.1.2)' };
  throw netError('ADDRESS_INVALID', { details, hint: 'Write user@example.com, without a name and without brackets.' });
}

/** The domain as every server understands it, and whether the local part needs SMTPUTF8 (RFC 6531). */
export function asciiDomain({ local, domain }: Mailbox): { readonly address: string; readonly needsUtf8: boolean } {
  const ascii = domain.startsWith('[') ? domain : domainToASCII(domain);
  return { address: `${local}@${ascii === '' ? domain : ascii}`, needsUtf8: ascii === '' || !isAscii(local) };
}

/** What a client says after EHLO, and what stands behind an `@`: a name or an address literal. */
export function isDomain(text: string): boolean {
  if (text === '' || Buffer.byteLength(text) > MAX_DOMAIN_BYTES) return false;
  const literal = /^\[(IPv6:)?([0-9A-Fa-f:.]+)\]$/i.exec(text);
  if (literal !== null) return literal[1] === undefined ? isIPv4(literal[2] ?? '') : isIPv6(literal[2] ?? '');
  return text.split('.').every((label) => label.length <= 63 && LABEL.test(label));
}

export function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
