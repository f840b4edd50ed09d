import { open } from 'node:fs/promises';
import { createScope, type Scope, systemClock } from '@roundhouse/core';
import { resolveTimeouts } from '@roundhouse/net';
import { connectImap, type ImapClient, type ImapMessage } from '@roundhouse/protocols/imap';
import { decodeWords, type ParsedMessage, parseMessage } from '@roundhouse/protocols/mime';
import { connectPop3, type Pop3Client } from '@roundhouse/protocols/pop3';
import { cliError } from '../errors.ts';
import { stopSignal } from '../foreground.ts';
import type { VerdictIo } from '../io.ts';
import { facts, printable, table } from '../render.ts';
import { type MailFlags, passwordOf, placeOf, withReport } from './mailAccess.ts';
import { Phases, withPhases } from './phases.ts';
import { tlsOf } from './tlsOptions.ts';

export interface MailListSettings extends MailFlags {
  /** The newest so many. */
  readonly limit: number;
  readonly unseen?: true;
}

export interface MailFetchSettings extends MailFlags {
  /** Where the message goes as it is. */
  readonly output?: string;
  readonly raw?: true;
}

/** One message of a list. */
interface Listed {
  /** UID of IMAP, number of POP3. */
  readonly message: number;
  /** The same whenever the mailbox is opened; null where the server does not tell. */
  readonly id: string | null;
  readonly date: string | null;
  readonly from: string | null;
  readonly subject: string | null;
  readonly bytes: number | null;
  readonly flags: readonly string[] | null;
}

interface Listing {
  readonly mailbox: string;
  readonly total: number;
  readonly messages: readonly Listed[];
}

/** A mailbox that is open to be read. */
interface Mailbox {
  list(limit: number, isUnseenOnly: boolean, scope: Scope): Promise<Listing>;
  retrieve<T>(message: number, use: (text: AsyncIterable<Uint8Array>) => Promise<T>, scope: Scope): Promise<T>;
  /** Leaves politely. */
  leave(): Promise<unknown>;
  abort(): void;
}

/** Shows the newest messages of a mailbox; nothing of it is changed. */
export async function list(url: string, settings: MailListSettings, io: VerdictIo): Promise<void> {
  const { limit, unseen } = settings;
  if (unseen === true && /^pop3/i.test(url)) {
    const reason = 'POP3 does not know what was seen';
    throw cliError('ARGUMENT_INVALID', { details: { argument: '--unseen', reason } });
  }
  const work = (mailbox: Mailbox, scope: Scope): Promise<Listing> => mailbox.list(limit, unseen === true, scope);
  await inMailbox(url, settings, io, 'list', work, ({ mailbox, total, messages }) => {
    io.stdout.write(`${printable(mailbox)}: ${messages.length} of ${total} messages\n\n`);
    const rows = messages.map(({ message, date, from, subject, bytes, flags }) =>
      [message, date, from, subject, bytes, flags?.join(' ')].map((cell) => String(cell ?? '-')),
    );
    io.stdout.write(table(['MESSAGE', 'DATE', 'FROM', 'SUBJECT', 'BYTES', 'FLAGS'], rows));
  });
}

/** Shows a message, or puts it where it is wanted; it does not become seen. */
export async function fetchMessage(
  url: string,
  message: number,
  settings: MailFetchSettings,
  io: VerdictIo,
): Promise<void> {
  const { output, raw } = settings;
  if (output !== undefined) {
    const save = (mailbox: Mailbox, scope: Scope): Promise<Saved> =>
      mailbox.retrieve(message, (text) => saved(text, output), scope);
    return inMailbox(url, settings, io, 'fetch', save, ({ file, bytes }) => {
      io.stdout.write(`${printable(file)}: ${bytes} bytes\n`);
    });
  }
  let text: Buffer = Buffer.alloc(0);
  const read = async (mailbox: Mailbox, scope: Scope): Promise<object> => {
    text = await mailbox.retrieve(message, whole, scope);
    if (raw === true) return { bytes: text.byteLength, raw_base64: text.toString('base64') };
    return shownMessage(await parseMessage(text), text.byteLength);
  };
  await inMailbox(url, settings, io, 'fetch', read, (shown) => {
    // What comes must not steer a terminal; a file gets it as it is.
    const { stdout } = io;
    if (raw === true)
      return void stdout.write(stdout.isTTY === true ? printable(text.toString(), true) : text.toString());
    const { text: body, html, ...rest } = shown as ReturnType<typeof shownMessage>;
    stdout.write(facts({ ...rest, attachments: rest.attachments.map(attachmentText) }));
    stdout.write(`\n${printable(body ?? html ?? '', true)}\n`);
  });
}

async function inMailbox<Result extends object>(
  url: string,
  settings: MailFlags,
  io: VerdictIo,
  phase: string,
  work: (mailbox: Mailbox, scope: Scope) => Promise<Result>,
  show: (result: Result) => void,
): Promise<void> {
  const clock = io.clock ?? systemClock;
  const { timeoutMs } = settings;
  const place = placeOf(url, ['imap', 'pop3'], settings);
  if (place.user === undefined) {
    const reason = 'name it in the URL, USER@HOST, or with --user';
    throw cliError('ARGUMENT_INVALID', { details: { argument: 'the user', reason } });
  }
  const login = { user: place.user, password: await passwordOf(settings, io) };
  using scope = createScope({ clock, timeoutMs, what: 'Reading the mailbox', signal: stopSignal(io) });
  const phases = new Phases(clock);
  const options = {
    host: place.host,
    ...(place.port !== undefined && { port: place.port }),
    security: place.security,
    tls: await tlsOf(settings, io),
    login,
    // Who says that there is no TLS has been told.
    allowsClearCredentials: place.security === 'off',
    timeouts: resolveTimeouts({ connectMs: timeoutMs, tlsMs: timeoutMs, greetingMs: timeoutMs, requestMs: timeoutMs }),
  };
  const runtime = withPhases(phases, 'greeting');
  const connect = async (): Promise<Mailbox> => {
    if (place.scheme === 'pop3') return pop3Mailbox(await connectPop3(options, scope, runtime));
    const client = await connectImap(options, scope, runtime);
    phases.enter('open');
    return imapMailbox(client, place.path === '' ? 'INBOX' : place.path);
  };
  const run = async (): Promise<Result> => {
    const mailbox = await connect();
    try {
      phases.enter(phase);
      const result = await work(mailbox, scope);
      phases.enter('close');
      await mailbox.leave();
      return result;
    } finally {
      mailbox.abort();
    }
  };
  await withReport(phases, settings, io, run, show);
}

function imapMailbox(client: ImapClient, name: string): Mailbox {
  const inside = async (scope: Scope): Promise<number> => (await client.examine(name, scope)).messages;
  return {
    async list(limit, isUnseenOnly, scope) {
      const total = await inside(scope);
      const found = await client.search(isUnseenOnly ? { isSeen: false } : {}, scope);
      const uids = [...found].sort((a, b) => b - a).slice(0, limit);
      if (uids.length === 0) return { mailbox: name, total, messages: [] };
      const messages = await client.fetch(uids, { envelope: true, bytes: true, flags: true }, scope);
      const rows = await Promise.all(messages.map(imapRow));
      return { mailbox: name, total, messages: rows.toSorted((a, b) => b.message - a.message) };
    },
    async retrieve(message, use, scope) {
      await inside(scope);
      return client.retrieve(message, use, {}, scope);
    },
    leave: () => client.drain(),
    abort: () => client.abort(),
  };
}

async function imapRow({ uid, envelope, bytes, flags }: ImapMessage): Promise<Listed> {
  return {
    message: uid,
    id: envelope?.messageId ?? null,
    date: envelope?.date ?? null,
    from: envelope?.from[0]?.address ?? null,
    subject: envelope === null || envelope.subject === null ? null : await decodeWords(envelope.subject),
    bytes,
    flags,
  };
}

function pop3Mailbox(client: Pop3Client): Mailbox {
  return {
    async list(limit, _isUnseenOnly, scope) {
      const all = await client.list(scope);
      const ids = new Map((await client.identify(scope).catch(() => [])).map(({ number, id }) => [number, id]));
      const messages: Listed[] = [];
      for (const { number, bytes } of all.toReversed().slice(0, limit)) {
        const { from, subject, date } = await parseMessage(await client.top(number, 0, scope));
        const id = ids.get(number) ?? null;
        messages.push({ message: number, id, date, from: from?.address ?? null, subject, bytes, flags: null });
      }
      return { mailbox: 'INBOX', total: all.length, messages };
    },
    retrieve: (message, use, scope) => client.retrieve(message, use, scope),
    // Nothing was deleted: the good-bye removes nothing.
    leave: () => client.drain(),
    abort: () => client.abort(),
  };
}

interface Saved {
  readonly file: string;
  readonly bytes: number;
}

/** What is there already stays. */
async function saved(text: AsyncIterable<Uint8Array>, file: string): Promise<Saved> {
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    const reason =
      cause instanceof Error && 'code' in cause ? `it cannot be made (${String(cause.code)})` : String(cause);
    throw cliError('ARGUMENT_INVALID', { details: { argument: `file "${file}"`, reason }, cause });
  });
  let bytes = 0;
  try {
    for await (const chunk of text) {
      await handle.writeFile(chunk);
      bytes += chunk.byteLength;
    }
  } finally {
    await handle.close();
  }
  return { file, bytes };
}

async function whole(text: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(text));
}

function shownMessage(message: ParsedMessage, bytes: number) {
  const { from, to, cc, subject, messageId, date, text, html, attachments } = message;
  return {
    from: from?.address ?? null,
    to: to.map(({ address }) => address),
    cc: cc.map(({ address }) => address),
    subject,
    date,
    message_id: messageId,
    bytes,
    attachments: attachments.map(({ filename, contentType, content }) => ({
      filename,
      content_type: contentType,
      bytes: content.byteLength,
    })),
    text,
    html,
  };
}

type Attachment = ReturnType<typeof shownMessage>['attachments'][number];

function attachmentText({ filename, content_type: type, bytes }: Attachment): string {
  return `${filename ?? 'without a name'} (${type}, ${bytes} bytes)`;
}
