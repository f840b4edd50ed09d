import { basename } from 'node:path';
import { createScope, Secret, systemClock } from '@roundhouse/core';
import { resolveTimeouts, type TlsInfo } from '@roundhouse/net';
import { type AttachmentInput, buildMessage, type DkimKey, type MailboxInput } from '@roundhouse/protocols/mime';
import { connectSmtp, type RecipientResult, type SendReport } from '@roundhouse/protocols/smtp';
import { cliError } from '../errors.ts';
import { EXIT } from '../exit.ts';
import { stopSignal } from '../foreground.ts';
import { readBytes, readText } from '../input.ts';
import type { VerdictIo } from '../io.ts';
import { printable, table } from '../render.ts';
import { type MailFlags, passwordOf, placeOf, withReport } from './mailAccess.ts';
import { Phases, withPhases } from './phases.ts';
import { tlsOf } from './tlsOptions.ts';

export interface MailSendSettings extends MailFlags {
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly text?: string;
  /** File; `-` is standard input. */
  readonly body?: string;
  readonly attach: readonly string[];
  /** `DOMAIN:SELECTOR:KEYFILE` */
  readonly dkim?: string;
}

interface Sent {
  readonly message_id: string;
  readonly bytes: number;
  readonly tls: string | null;
  readonly accepted: readonly RecipientResult[];
  readonly refused: readonly RecipientResult[];
  readonly reply: { readonly code: number; readonly enhanced: string | null; readonly text: string };
}

/** Builds a message and gives it to a mail server. The exit code is 8 when some recipients were refused. */
export async function send(settings: MailSendSettings, io: VerdictIo): Promise<void> {
  const clock = io.clock ?? systemClock;
  const { timeoutMs } = settings;
  const place = placeOf(settings.url, ['smtp'], settings);
  const { user } = place;
  const dkim = settings.dkim === undefined ? undefined : await dkimKey(settings.dkim, io);
  const message = await buildMessage(await messageOf(settings, io), { clock, ...(dkim && { dkim }) });
  const password = user === undefined ? undefined : await passwordOf(settings, io, settings.body === '-');
  using scope = createScope({ clock, timeoutMs, what: 'Sending the message', signal: stopSignal(io) });
  const phases = new Phases(clock);
  const options = {
    host: place.host,
    ...(place.port !== undefined && { port: place.port }),
    security: place.security,
    tls: await tlsOf(settings, io),
    timeouts: resolveTimeouts({ connectMs: timeoutMs, tlsMs: timeoutMs, greetingMs: timeoutMs, requestMs: timeoutMs }),
    ...(user !== undefined && password !== undefined && { auth: { user, password } }),
  };
  const work = async (): Promise<Sent> => {
    const client = await connectSmtp(options, scope, withPhases(phases, 'greeting'));
    try {
      phases.enter('send');
      const report = await client.send(message.envelope, message.bytes, scope);
      phases.enter('close');
      await client.drain();
      return sentOf(message.messageId, message.bytes.byteLength, client.tls, report);
    } finally {
      client.abort();
    }
  };
  await withReport(phases, settings, io, work, (sent) => show(sent, phases, io));
  function show({ message_id: id, bytes, accepted, refused, reply }: Sent, of: Phases, { stdout }: VerdictIo): void {
    stdout.write(`${printable(id)}: ${bytes} bytes, taken for ${accepted.length}, refused for ${refused.length}\n`);
    stdout.write(`${printable(`${reply.code} ${reply.enhanced ?? ''} ${reply.text}`)}\n\n${of.table()}`);
    if (refused.length > 0) {
      const rows = refused.map(({ address, code, text }) => [address, `${code} ${text}`]);
      stdout.write(`\n${table(['REFUSED', 'ANSWER'], rows)}`);
    }
  }
  function sentOf(id: string, bytes: number, tls: TlsInfo | null, { accepted, refused, reply }: SendReport): Sent {
    if (refused.length > 0) io.conclude(EXIT.Findings);
    const { code, enhanced, lines } = reply;
    return {
      message_id: id,
      bytes,
      tls: tls?.protocol ?? null,
      accepted,
      refused,
      reply: { code, enhanced, text: lines.join(' ') },
    };
  }
}

async function messageOf(settings: MailSendSettings, io: VerdictIo) {
  const { from, to, cc, bcc, subject, text, body, attach } = settings;
  if (text !== undefined && body !== undefined) {
    throw cliError('ARGUMENT_INVALID', { details: { argument: '--body', reason: 'there is a --text already' } });
  }
  const attachments: AttachmentInput[] = [];
  for (const file of attach) attachments.push({ filename: basename(file), content: await readBytes(file) });
  return {
    from: mailbox(from),
    to: to.map(mailbox),
    cc: cc.map(mailbox),
    bcc: bcc.map(mailbox),
    subject,
    text: body === undefined ? (text ?? '') : await readText(body, io),
    attachments,
  };
}

/** `anna@example.com`, or `Anna <anna@example.com>`. */
function mailbox(text: string): MailboxInput {
  const [, name = '', address] = /^\s*(.*?)\s*<([^<>]*)>\s*$/.exec(text) ?? [];
  return address === undefined ? text : { name: name.replace(/^"(.*)"$/, '$1'), address };
}

async function dkimKey(text: string, io: VerdictIo): Promise<DkimKey> {
  const [, domain, selector, file] = /^([^:]+):([^:]+):(.+)$/.exec(text) ?? [];
  if (domain === undefined || selector === undefined || file === undefined) {
    const reason = 'write it like example.com:SELECTOR:KEY.pem';
    throw cliError('ARGUMENT_INVALID', { details: { argument: `--dkim "${text}"`, reason } });
  }
  return { domain, selector, privateKey: new Secret(await readText(file, io)) };
}
