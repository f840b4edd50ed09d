import { randomUUID } from 'node:crypto';
import type { Clock } from '@roundhouse/core';
import { parseMailbox } from '../smtp/mailbox.ts';
import { type DkimKey, signDkim } from './dkim.ts';
import { mimeError } from './errors.ts';
import type { MailboxName } from './parse.ts';

/** An address, alone or with the name of its owner. Never a list, and never the two in one text. */
export type MailboxInput = string | MailboxName;

export interface AttachmentInput {
  readonly filename: string;
  readonly content: string | Uint8Array;
  /** Default: what the name says. */
  readonly contentType?: string;
  /** For `cid:` in the HTML; then it is shown within the text. */
  readonly contentId?: string;
}

export interface MessageInput {
  readonly from: MailboxInput;
  readonly to?: readonly MailboxInput[];
  readonly cc?: readonly MailboxInput[];
  /** They get it, and nobody sees it. */
  readonly bcc?: readonly MailboxInput[];
  readonly replyTo?: MailboxInput;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments?: readonly AttachmentInput[];
  /** Ids with their brackets. */
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  /** Default: a new one. */
  readonly messageId?: string;
  /** Further headers, e.g. `List-Id`; those above have their own places. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BuiltMessage {
  /** Headers and body, with CRLF; US-ASCII, unless an address is not. */
  readonly bytes: Uint8Array;
  readonly messageId: string;
  /** Who is to get it: to, cc and bcc, each once. For `SmtpClient.send`. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
}

/** Set from fields of their own. */
const OWN = new Set(
  'from to cc bcc reply-to subject date message-id in-reply-to references mime-version dkim-signature'.split(' '),
);
/** RFC 5322 §2.2 */
const HEADER_NAME = /^[!-9;-~]{1,76}$/;
/** RFC 5322 §3.6.4, without the obsolete forms. */
const MESSAGE_ID = /^<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>$/;

/**
 * Builds a message: text outside of US-ASCII becomes encoded words and quoted-printable, long lines are folded. Rejects
 * with MIME_INVALID for a header that would be more than one line, ADDRESS_INVALID, or DKIM_KEY_INVALID. Nothing is ever
 * read from a file or a URL.
 */
export async function buildMessage(
  input: MessageInput,
  { clock, dkim }: { readonly clock: Clock; readonly dkim?: DkimKey },
): Promise<BuiltMessage> {
  checkHeaders(input);
  const from = mailbox(input.from);
  const [to, cc, bcc] = [input.to, input.cc, input.bcc].map((list) => (list ?? []).map(mailbox));
  const recipients = [...(to ?? []), ...(cc ?? []), ...(bcc ?? [])].map(({ address }) => address);
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  const messageId = input.messageId ?? `<${randomUUID()}@${domain}>`;
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const composer = new MailComposer({
    from,
    to: to ?? [],
    cc: cc ?? [],
    ...(input.replyTo !== undefined && { replyTo: mailbox(input.replyTo) }),
    subject: input.subject ?? '',
    messageId,
    date: new Date(clock.now()),
    headers: { ...input.headers },
    ...(input.text !== undefined && { text: input.text }),
    ...(input.html !== undefined && { html: input.html }),
    ...(input.inReplyTo !== undefined && { inReplyTo: input.inReplyTo }),
    ...(input.references !== undefined && { references: [...input.references] }),
    attachments: (input.attachments ?? []).map(({ filename, content, contentType, contentId }) => ({
      filename,
      content: typeof content === 'string' ? content : Buffer.from(content),
      ...(contentType !== undefined && { contentType }),
      ...(contentId !== undefined && { cid: contentId }),
    })),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const bytes = await composer.compile().build();
  return {
    bytes: dkim === undefined ? bytes : await signDkim(bytes, dkim),
    messageId,
    envelope: { from: from.address, to: [...new Set(recipients)] },
  };
}

function mailbox(input: MailboxInput): MailboxName {
  const { name, address } = typeof input === 'string' ? { name: '', address: input } : input;
  parseMailbox(address);
  return { name: oneLine('the name of a mailbox', name), address };
}

function checkHeaders({
  subject = '',
  messageId,
  inReplyTo,
  references = [],
  headers = {},
  attachments = [],
}: MessageInput) {
  oneLine('subject', subject);
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) throw invalid(`a header cannot have the name ${JSON.stringify(name)}`);
    if (OWN.has(name.toLowerCase())) throw invalid(`the header ${name} has a field of its own`);
    oneLine(`the header ${name}`, value);
  }
  for (const id of [messageId, inReplyTo, ...references]) {
    if (id !== undefined && !MESSAGE_ID.test(id)) throw invalid('the id of a message is of the form <left@right>');
  }
  for (const { filename, contentType = '', contentId = '' } of attachments) {
    oneLine('the name of an attachment', filename);
    const isType = /^(?:|[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?: *; *[\w.-]+=(?:[\w.-]+|"[\w. -]*"))*)$/.test(
      contentType,
    );
    if (!isType) throw invalid(`${JSON.stringify(contentType)} is no type of content`);
    if (!/^[!-;=?-~]{0,200}$/.test(contentId)) throw invalid('the id of an attachment is a word without brackets');
  }
}

/** What would end a header would begin another one, or the body. */
function oneLine(what: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw invalid(`${what} has a line end in it`);
  return value;
}

function invalid(reason: string): Error {
  return mimeError('MIME_INVALID', { details: { reason } });
}
