import { type NetError, netError } from '@roundhouse/net';
import type { SmtpExtensions } from './extensions.ts';
import { printable } from '../mail/printable.ts';
import { asciiDomain, isAscii, parseMailbox } from './mailbox.ts';

/** When the recipient's server is to tell the sender. RFC 3461 §4.1 */
export type DsnNotify = 'never' | readonly ('success' | 'failure' | 'delay')[];

export interface Recipient {
  readonly address: string;
  readonly notify?: DsnNotify;
  /** As the sender wrote it, e.g. `rfc822;list@example.com`. RFC 3461 §4.2 */
  readonly originalRecipient?: string;
}

/** Who sends, and who receives; what the headers say is another matter. */
export interface Envelope {
  /** Empty for a report about a delivery, which nobody answers (RFC 5321 §4.5.5). */
  readonly from: string;
  readonly to: readonly (string | Recipient)[];
  /** What comes back with a report (RFC 3461 §4.3), and what it is known by (§4.4). */
  readonly dsn?: { readonly return?: 'full' | 'headers'; readonly envelopeId?: string };
  /** The headers have text outside of US-ASCII as it is (RFC 6532). Found out of the addresses by itself. */
  readonly smtpUtf8?: boolean;
}

/** What is known of the message before it goes. */
export interface MessageFacts {
  /** Null: a stream, whose size nobody knows. */
  readonly bytes: number | null;
  readonly isEightBit: boolean;
}

export interface EnvelopeCommands {
  readonly mail: string;
  readonly recipients: readonly { readonly address: string; readonly command: string }[];
}

/** RFC 3461 §4.4: what is behind ENVID. */
const MAX_ENVELOPE_ID = 100;

/**
 * The commands of an envelope, for a server of these extensions. Raises ADDRESS_INVALID, NET_OPTION_INVALID, or
 * PEER_REFUSED for what the server has said it cannot. No argument ever holds a line end: each is checked or encoded.
 */
export function envelopeCommands(
  envelope: Envelope,
  facts: MessageFacts,
  extensions: SmtpExtensions,
  peer: string,
): EnvelopeCommands {
  const recipients = envelope.to.map((each) => (typeof each === 'string' ? { address: each } : each));
  if (recipients.length === 0) throw optionInvalid('an envelope has at least one recipient');
  const from = envelope.from === '' ? null : asciiDomain(parseMailbox(envelope.from));
  const to = recipients.map((each) => ({ ...each, ...asciiDomain(parseMailbox(each.address)), given: each.address }));
  const needsUtf8 = [from, ...to].some((each) => each?.needsUtf8) || envelope.smtpUtf8 === true;
  const asksDsn = envelope.dsn !== undefined || recipients.some((each) => each.notify ?? each.originalRecipient);
  const demand = (keyword: string, isThere: boolean): void => {
    if (!isThere) throw notOffered(keyword, peer);
  };
  if (needsUtf8) demand('SMTPUTF8', extensions.smtpUtf8);
  if (asksDsn) demand('DSN', extensions.dsn);
  if (facts.isEightBit) demand('8BITMIME', extensions.eightBitMime);
  const { size } = extensions;
  if (size !== null && size > 0 && facts.bytes !== null && facts.bytes > size) {
    const remote = { status: 'SIZE', text: `it takes at most ${size} bytes, and the message has ${facts.bytes}` };
    throw netError('PEER_REFUSED', { protocol: 'smtp', phase: 'request', peer, remote });
  }
  const mail = [
    `MAIL FROM:<${from?.address ?? ''}>`,
    ...(size !== null && facts.bytes !== null ? [`SIZE=${facts.bytes}`] : []),
    ...(extensions.eightBitMime && (facts.isEightBit || facts.bytes === null) ? ['BODY=8BITMIME'] : []),
    ...(needsUtf8 ? ['SMTPUTF8'] : []),
    ...(envelope.dsn?.return === undefined ? [] : [`RET=${envelope.dsn.return === 'full' ? 'FULL' : 'HDRS'}`]),
    ...(envelope.dsn?.envelopeId === undefined ? [] : [`ENVID=${envelopeId(envelope.dsn.envelopeId)}`]),
  ];
  return {
    mail: mail.join(' '),
    recipients: to.map((each) => ({ address: each.given, command: recipientCommand(each) })),
  };
}

function recipientCommand({ address, notify, originalRecipient }: Recipient): string {
  const parts = [`RCPT TO:<${address}>`];
  if (notify !== undefined) {
    const said = notify === 'never' ? ['never'] : [...new Set(notify)];
    if (said.length === 0) throw optionInvalid('notify names at least one case, or is `never`');
    parts.push(`NOTIFY=${said.join(',').toUpperCase()}`);
  }
  if (originalRecipient !== undefined) {
    const [, type, value] = /^([A-Za-z0-9-]{1,32});(.{1,500})$/s.exec(originalRecipient) ?? [];
    if (type === undefined || value === undefined || !isAscii(value)) {
      throw optionInvalid('originalRecipient is of the form rfc822;user@example.com (RFC 3461 §4.2)');
    }
    parts.push(`ORCPT=${type};${toXtext(value)}`);
  }
  return parts.join(' ');
}

function envelopeId(id: string): string {
  if (id === '' || id.length > MAX_ENVELOPE_ID || !/^[ -~]+$/.test(id)) {
    throw optionInvalid('an envelope id is printable US-ASCII, at most 100 characters (RFC 3461 §4.4)');
  }
  return toXtext(id);
}

/** RFC 3461 §4: what is not printable US-ASCII, `+` and `=` stand as `+` and two digits. */
export function toXtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (char) => {
    const digits = char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return `+${digits}`;
  });
}

/** The text of xtext; undefined when it is none. */
export function fromXtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return undefined;
  return text.replace(/\+(..)/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function notOffered(keyword: string, peer: string): NetError {
  const remote = { status: keyword, text: `it does not offer ${keyword}, which this message needs` };
  return netError('PEER_REFUSED', { protocol: 'smtp', phase: 'request', peer, remote });
}

function optionInvalid(reason: string): NetError {
  return netError('NET_OPTION_INVALID', { protocol: 'smtp', details: { reason: printable(reason) } });
}
