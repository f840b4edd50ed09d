import type { Address, Email, Mailbox as ParsedMailbox } from 'postal-mime';
import { mimeError } from './errors.ts';

/** Bounds of what is read. */
export interface MimeLimits {
  /** The whole message. Default 26,214,400. */
  readonly maxBytes: number;
  /** Parts within parts. Default 32. */
  readonly maxDepth: number;
  /** Headers of all parts together, bytes. Default 262,144. */
  readonly maxHeaderBytes: number;
  /** Lines that begin with two hyphens, as each part does. Default 10,000. */
  readonly maxBoundaries: number;
}

export interface MailboxName {
  /** Decoded; empty when there is none. */
  readonly name: string;
  readonly address: string;
}

export interface ParsedHeader {
  /** As it was written. */
  readonly name: string;
  /** In one line, not decoded. */
  readonly value: string;
}

export interface ParsedAttachment {
  /** Decoded, and as the sender gave it: no path to be trusted. */
  readonly filename: string | null;
  /** In small letters, e.g. `image/png`. */
  readonly contentType: string;
  readonly disposition: string | null;
  /** Without its brackets. */
  readonly contentId: string | null;
  readonly content: Uint8Array;
}

export interface ParsedMessage {
  /** All of them, in their order. */
  readonly headers: readonly ParsedHeader[];
  readonly from: MailboxName | null;
  readonly to: readonly MailboxName[];
  readonly cc: readonly MailboxName[];
  readonly replyTo: readonly MailboxName[];
  /** Decoded; empty when there is none. */
  readonly subject: string;
  /** With its brackets. */
  readonly messageId: string | null;
  readonly inReplyTo: string | null;
  /** As written, or in ISO 8601 when it could be read. */
  readonly date: string | null;
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly ParsedAttachment[];
}

const DEFAULTS: MimeLimits = {
  maxBytes: 26_214_400,
  maxDepth: 32,
  maxHeaderBytes: 262_144,
  maxBoundaries: 10_000,
};

const HYPHEN = 0x2d;
const LF = 0x0a;

/**
 * Reads a message (RFC 5322, RFC 2045-2047, RFC 2231, RFC 6532), as whole as it is: what breaks the rules is read as
 * mail programs do. Rejects with MIME_LIMIT_EXCEEDED or MIME_UNREADABLE.
 */
export async function parseMessage(bytes: Uint8Array, limits: Partial<MimeLimits> = {}): Promise<ParsedMessage> {
  const bounds = { ...DEFAULTS, ...limits };
  demandAtMost('a message', bytes.byteLength, bounds.maxBytes, 'bytes');
  demandAtMost('boundaries', boundaryLines(bytes), bounds.maxBoundaries, 'lines');
  const { default: PostalMime } = await import('postal-mime');
  try {
    const email = await PostalMime.parse(bytes, {
      maxNestingDepth: bounds.maxDepth,
      maxRfc822NestingDepth: Math.min(bounds.maxDepth, MAX_FORWARDED),
      maxHeadersSize: bounds.maxHeaderBytes,
      attachmentEncoding: 'arraybuffer',
    });
    return messageOf(email);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const [, what, limit] = /^Maximum (MIME nesting depth|header size) of (\d+)/.exec(reason) ?? [];
    if (what === undefined) throw mimeError('MIME_UNREADABLE', { details: { reason }, cause });
    const [name, unit] = what === 'header size' ? ['headers', 'bytes'] : ['parts within parts', 'levels'];
    throw mimeError('MIME_LIMIT_EXCEEDED', { details: { what: name, limit: Number(limit), unit }, cause });
  }
}

/** Messages within messages that are looked into; deeper ones are attachments. */
const MAX_FORWARDED = 10;

/** Text with encoded words (RFC 2047), as a person reads it. */
export async function decodeWords(text: string): Promise<string> {
  const { decodeWords: decode } = await import('postal-mime');
  return decode(text);
}

function boundaryLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(HYPHEN); at !== -1; at = bytes.indexOf(HYPHEN, at + 1)) {
    if (bytes[at + 1] === HYPHEN && (at === 0 || bytes[at - 1] === LF)) lines++;
  }
  return lines;
}

function demandAtMost(what: string, value: number, limit: number, unit: string): void {
  if (value > limit) throw mimeError('MIME_LIMIT_EXCEEDED', { details: { what, limit, unit } });
}

function messageOf(email: Email): ParsedMessage {
  const [from] = mailboxesOf(email.from === undefined ? [] : [email.from]);
  return {
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
    from: from ?? null,
    to: mailboxesOf(email.to),
    cc: mailboxesOf(email.cc),
    replyTo: mailboxesOf(email.replyTo),
    subject: email.subject ?? '',
    messageId: email.messageId ?? null,
    inReplyTo: email.inReplyTo ?? null,
    date: email.date ?? null,
    text: email.text ?? null,
    html: email.html ?? null,
    attachments: email.attachments.map((each) => ({
      filename: each.filename,
      contentType: each.mimeType,
      disposition: each.disposition,
      contentId: each.contentId?.replace(/^<|>$/g, '') ?? null,
      content: typeof each.content === 'string' ? Buffer.from(each.content) : new Uint8Array(each.content),
    })),
  };
}

/** Groups are looked into. RFC 5322 §3.4 */
function mailboxesOf(addresses: readonly Address[] = []): MailboxName[] {
  const mailboxes = addresses.flatMap((each): readonly ParsedMailbox[] => each.group ?? [each]);
  return mailboxes.map(({ name, address }) => ({ name, address }));
}
