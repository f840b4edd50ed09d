import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { ANSWERS } from './answer.ts';
import type { SmtpChannel } from './channel.ts';
import type { SmtpAnswer, SmtpCommand } from './command.ts';
import { IncomingText, type TextSource } from './incomingText.ts';
import type {
  MailRecipient,
  MailSender,
  ResolvedSmtpServer,
  SmtpHandlers,
  SmtpPeer,
  Verdict,
} from './serverOptions.ts';
import { dottedSource, PieceSource, type WaitMs } from './textSource.ts';

/** What a transaction needs of its conversation. */
export interface ReceiptContext {
  readonly channel: SmtpChannel;
  readonly handlers: SmtpHandlers;
  readonly config: ResolvedSmtpServer;
  readonly peer: SmtpPeer;
  /** Asks a hook: its refusal, if it refuses. */
  readonly ask: (hook: string, scope: Scope, run: (own: Scope) => Verdict) => Promise<SmtpAnswer | undefined>;
  /** Answers what is no part of a transaction. */
  readonly answerOther: (command: SmtpCommand, scope: Scope) => Promise<void>;
}

type Mail = Extract<SmtpCommand, { verb: 'MAIL' }>;
type Bdat = Extract<SmtpCommand, { verb: 'BDAT' }>;

/** A refused text is read to its end for the sake of the client, but not waited for. */
const REFUSED_WAIT_MS = 5_000;
const NO_RELAY: SmtpAnswer = { code: 550, enhanced: '5.7.1', text: 'No mail is taken here for that recipient' };

/** Receives one message, from its MAIL on. Resolves to a command that it left for others, if there is one. */
export async function receive(mail: Mail, context: ReceiptContext, scope: Scope): Promise<SmtpCommand | undefined> {
  const { channel, config, handlers, peer } = context;
  const sender: MailSender = { address: mail.from, ...mail.parameters };
  const isTooLarge = (sender.size ?? 0) > config.limits.maxMessageBytes;
  const refusal = isTooLarge
    ? ANSWERS.tooLarge
    : await context.ask('mail', scope, (own) => handlers.mail?.(sender, peer, own));
  await channel.say(refusal ?? ANSWERS.senderOk, scope);
  if (refusal !== undefined) return undefined;

  const recipients: MailRecipient[] = [];
  for (;;) {
    const command = await channel.command(scope);
    if (command === undefined) return undefined;
    switch (command.verb) {
      case 'QUIT':
      case 'EHLO':
      case 'HELO':
        return command;
      case 'RSET':
        await channel.say(ANSWERS.ok, scope);
        return undefined;
      case 'MAIL':
        await channel.say(ANSWERS.nested, scope);
        break;
      case 'RCPT': {
        const recipient = { address: command.to, ...command.parameters };
        const no = await recipientRefusal(recipient, recipients.length, sender, context, scope);
        if (no === undefined) recipients.push(recipient);
        await channel.say(no ?? ANSWERS.recipientOk, scope);
        break;
      }
      case 'DATA':
        if (recipients.length > 0) return takeText(sender, recipients, undefined, context, scope);
        await channel.say(ANSWERS.noRecipients, scope);
        break;
      case 'BDAT':
        if (recipients.length > 0) return takeText(sender, recipients, command, context, scope);
        await refusePiece(command, context, scope);
        break;
      default:
        await context.answerOther(command, scope);
    }
  }
}

async function recipientRefusal(
  recipient: MailRecipient,
  count: number,
  sender: MailSender,
  { ask, handlers, config, peer }: ReceiptContext,
  scope: Scope,
): Promise<SmtpAnswer | undefined> {
  if (count >= config.limits.maxRecipients) return ANSWERS.tooManyRecipients;
  const hook = handlers.recipient;
  if (hook === undefined) return NO_RELAY;
  if (/[^\0-\x7f]/.test(recipient.address) && !sender.smtpUtf8) {
    return { code: 553, enhanced: '5.6.7', text: 'Such an address needs SMTPUTF8' };
  }
  return ask('recipient', scope, (own) => hook(recipient, sender, peer, own));
}

/** The bytes come whether they are wanted or not. RFC 3030 §2 */
async function refusePiece(bdat: Bdat, { channel, config }: ReceiptContext, scope: Scope): Promise<void> {
  if (bdat.bytes > config.limits.maxMessageBytes) {
    await channel.say(ANSWERS.tooLarge, scope);
    return channel.finish();
  }
  const source = new PieceSource({ ...bdat, isLast: true }, channel, () => config.timeouts.idleMs, scope);
  try {
    while ((await source.next()) !== undefined);
  } catch (error) {
    return channel.leave(error, scope);
  }
  await channel.say(ANSWERS.noRecipients, scope);
}

async function takeText(
  sender: MailSender,
  recipients: readonly MailRecipient[],
  bdat: Bdat | undefined,
  context: ReceiptContext,
  scope: Scope,
): Promise<SmtpCommand | undefined> {
  const { channel, config } = context;
  const { idleMs, requestMs } = config.timeouts;
  if (bdat === undefined) await channel.say(ANSWERS.goAhead, scope);
  let pieces: PieceSource | undefined;
  let text: IncomingText | undefined;
  try {
    await channel.connection.within(requestMs, 'The message', scope, async (own) => {
      const waitMs: WaitMs = () => (text?.refusal === undefined ? idleMs : Math.min(idleMs, REFUSED_WAIT_MS));
      pieces = bdat && new PieceSource(bdat, channel, waitMs, own);
      const source: TextSource = pieces ?? dottedSource(channel, waitMs, own);
      text = new IncomingText(source, config.limits, context.peer.peer);
      await take(sender, recipients, text, context, own, scope);
    });
    // What follows may be the rest of that text for whoever sent it: no command of his is taken (CVE-2023-51764).
    if (bdat === undefined && text?.isAmbiguous === true) channel.finish();
    return undefined;
  } catch (error) {
    const other = pieces?.other;
    if (other?.verb === 'RSET') await channel.say(ANSWERS.ok, scope);
    if (other !== undefined) return other.verb === 'RSET' ? undefined : other;
    const refusal = text?.refusal;
    const isTimeout = isRoundhouseError(error) && error.code === 'TIMEOUT';
    // A client that ends its lines in its own way waits for an answer behind what it takes for the end.
    if (refusal !== undefined && isTimeout) {
      await channel.say(refusal, scope);
      channel.finish();
    } else await channel.leave(error, scope);
    return undefined;
  }
}

/** Hands the text over and answers; rejects when the text does not come to its end. */
async function take(
  sender: MailSender,
  recipients: readonly MailRecipient[],
  text: IncomingText,
  { channel, ask, handlers, peer }: ReceiptContext,
  own: Scope,
  scope: Scope,
): Promise<void> {
  let said: SmtpAnswer | undefined;
  const refusal = await ask('message', own, async (hookScope) => {
    said = await handlers.message({ sender, recipients, text }, peer, hookScope);
    return said;
  });
  const isWhole = await text.discard();
  const answer = isWhole ? (text.refusal ?? refusal ?? said ?? ANSWERS.taken) : ANSWERS.tooLarge;
  if (answer.code < 400) channel.messageCame();
  await channel.say(answer, scope);
  if (!isWhole) channel.finish();
}
