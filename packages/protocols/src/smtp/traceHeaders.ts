import type { Clock } from '@roundhouse/core';
import { parseAddress } from '@roundhouse/net';
import { isIPv6 } from 'node:net';
import { printable } from '../mail/printable.ts';
import type { IncomingMessage, SmtpPeer } from './serverOptions.ts';

/** A point in time as RFC 5322 §3.3 writes it. `now` is ms since 1970. */
export function mailDate(now: number): string {
  return new Date(now).toUTCString().replace('GMT', '+0000');
}

/**
 * What a server that delivers puts before a message (RFC 5321 §4.4): `Return-Path` and `Received`, each with its line
 * end. What the client says of itself is cut to what may stand there.
 */
export function traceHeaders(
  { sender, recipients }: Pick<IncomingMessage, 'sender' | 'recipients'>,
  peer: SmtpPeer,
  { hostname, clock }: { readonly hostname: string; readonly clock: Clock },
): string {
  const { host } = parseAddress(peer.peer, 0);
  const address = isIPv6(host) ? `IPv6:${host}` : host;
  // RFC 3848 names what was used; RFC 6531 §4.3 the same for SMTPUTF8.
  const secured = `${peer.tls === null ? '' : 'S'}${peer.user === null ? '' : 'A'}`;
  const protocol = `${sender.smtpUtf8 ? 'UTF8' : peer.isExtended ? 'E' : ''}SMTP${peer.isExtended ? secured : ''}`;
  const [only] = recipients;
  // With more than one, a recipient would learn of the others.
  const forWhom = recipients.length === 1 && only !== undefined ? `\r\n\tfor <${safe(only.address)}>` : '';
  return [
    `Return-Path: <${safe(sender.address)}>\r\n`,
    `Received: from ${safe(peer.hello ?? 'unknown')} ([${address}])\r\n`,
    `\tby ${hostname} with ${protocol} id ${safe(peer.id)}${forWhom};\r\n\t${mailDate(clock.now())}\r\n`,
  ].join('');
}

function safe(text: string): string {
  return printable(text, 320).replace(/[\r\n]/g, '?');
}
