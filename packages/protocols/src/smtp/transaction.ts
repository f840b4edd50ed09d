import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import type { LineOperation } from '../mail/lineSession.ts';
import { WireTextEncoder } from '../mail/textEncoder.ts';
import type { SmtpDialogue } from './dialogue.ts';
import { type Envelope, envelopeCommands } from './envelope.ts';
import type { SmtpExtensions } from './extensions.ts';
import { type MessageSource, piecesOf, type SizedMessage, sizedMessage } from './message.ts';
import { isPositive, replyError, type SmtpReply, textOf } from './reply.ts';

/** What became of one recipient. */
export interface RecipientResult {
  /** As it was given. */
  readonly address: string;
  readonly code: number;
  readonly enhanced: string | null;
  readonly text: string;
}

export interface SendReport {
  /** The server has taken the message for these. */
  readonly accepted: readonly RecipientResult[];
  readonly refused: readonly RecipientResult[];
  /** Its answer to the message itself; often with the id it has there. */
  readonly reply: SmtpReply;
}

export interface SendOptions {
  /** Give up the whole message when one recipient is refused. Default false: the others get it. */
  readonly needsAll?: boolean;
  /** `auto`: in counted pieces (BDAT, RFC 3030) where the server takes them. Default `auto`. */
  readonly transfer?: 'auto' | 'data';
}

/** What a transaction knows of its connection. */
export interface TransactionContext {
  readonly dialogue: SmtpDialogue;
  readonly extensions: SmtpExtensions;
  /** Longest wait for the answer behind the message, ms. RFC 5321 §4.5.3.2.6 */
  readonly acceptanceMs: number;
  /** Longest wait between two pieces of the message, in either direction, ms. */
  readonly idleMs: number;
}

/** A piece of BDAT is at least this large, the last excepted. */
const PIECE_BYTES = 262_144;

/**
 * Sends one message. Until its first byte nothing has happened that counts (`sent: none`): a server forgets an envelope
 * without a message. From the first byte to the end of the text it is `maybe`, behind that `all`.
 */
export async function transact(
  envelope: Envelope,
  source: MessageSource,
  options: SendOptions,
  context: TransactionContext,
  operation: LineOperation,
): Promise<SendReport> {
  const { dialogue, extensions } = context;
  const message = sizedMessage(source);
  const { peer } = dialogue.connection;
  const commands = envelopeCommands(envelope, message, extensions, peer);
  const { accepted, refused } = await offer(commands, options, context, operation);
  const reply =
    extensions.chunking && options.transfer !== 'data'
      ? await sendPieces(message, context, operation)
      : await sendText(message, context, operation);
  if (!isPositive(reply)) throw replyError(reply, { peer, phase: 'request', sent: 'all' });
  return { accepted, refused, reply };
}

/** MAIL and RCPT. Rejects when nobody is left to send to; the connection is as before then. */
async function offer(
  commands: ReturnType<typeof envelopeCommands>,
  { needsAll = false }: SendOptions,
  { dialogue, extensions }: TransactionContext,
  { scope }: LineOperation,
): Promise<Pick<SendReport, 'accepted' | 'refused'>> {
  const { mail, recipients } = commands;
  const all = [mail, ...recipients.map(({ command }) => command)];
  let isFirst = true;
  const [sender, ...replies] = await dialogue.askAll(
    all,
    {
      isPipelined: extensions.pipelining,
      // Only the sender decides for all.
      goesOn: (reply) => {
        const goesOn = !isFirst || isPositive(reply);
        isFirst = false;
        return goesOn;
      },
    },
    scope,
  );
  const { peer } = dialogue.connection;
  const giveUp = async (error: RoundhouseError): Promise<never> => {
    await dialogue.ask('RSET', scope);
    throw error;
  };
  if (sender === undefined || !isPositive(sender)) {
    return giveUp(replyError(sender ?? { code: 500, enhanced: null, lines: [''] }, { peer, phase: 'request' }));
  }
  const results = replies.map((reply, at) => resultOf(recipients[at]?.address ?? '', reply));
  const accepted = results.filter(({ code }) => code < 300);
  const refused = results.filter(({ code }) => code >= 300);
  if (accepted.length === 0 || (needsAll && refused.length > 0)) {
    // One that may be taken later speaks for all: the message is not lost yet.
    const later = replies.find(({ code }) => code >= 300 && code < 500);
    const first = later ?? (replies.find(({ code }) => code >= 300) as SmtpReply);
    return giveUp(replyError(first, { peer, phase: 'request', details: { recipients: refused } }));
  }
  return { accepted, refused };
}

function resultOf(address: string, reply: SmtpReply): RecipientResult {
  return { address, code: reply.code, enhanced: reply.enhanced, text: textOf(reply) };
}

/** What a failed `send` says of single recipients; empty when it failed for another reason. */
export function refusedRecipients(error: unknown): readonly RecipientResult[] {
  const said = isRoundhouseError(error) ? error.details['recipients'] : undefined;
  return Array.isArray(said) ? (said as readonly RecipientResult[]) : [];
}

/** DATA: a text that ends with a dot. */
async function sendText(
  message: SizedMessage,
  context: TransactionContext,
  operation: LineOperation,
): Promise<SmtpReply> {
  const { dialogue } = context;
  const { scope } = operation;
  const go = await dialogue.ask('DATA', scope);
  if (go.code !== 354) {
    const { peer } = dialogue.connection;
    if (!isPositive(go)) await dialogue.ask('RSET', scope);
    // A server that takes what follows for commands may not get it.
    else dialogue.owe();
    throw replyError(go, { peer, phase: 'request' });
  }
  dialogue.owe();
  operation.sent('maybe');
  const encoder = new WireTextEncoder({ hasDots: true });
  for await (const chunk of piecesOf(message, nextPiece(context, operation))) {
    await sendChunk(encoder.push(chunk), message, encoder, context, operation);
  }
  await context.dialogue.connection.write(encoder.end(), scope, () => operation.sent('all'));
  return dialogue.answer(scope, context.acceptanceMs);
}

async function sendChunk(
  bytes: Uint8Array,
  message: SizedMessage,
  encoder: WireTextEncoder,
  { dialogue, extensions, idleMs }: TransactionContext,
  { scope }: LineOperation,
): Promise<void> {
  const { connection } = dialogue;
  demandSevenBit(message, encoder, extensions, connection.peer);
  await connection.within(idleMs, 'A piece of the message', scope, (own) => connection.write(bytes, own));
  // A server that speaks before the end refuses, and mostly leaves: it need not get the rest.
  if (connection.reader.buffered > 0) {
    const reply = await dialogue.answer(scope);
    dialogue.owe();
    throw replyError(reply, { peer: connection.peer, phase: 'request', sent: 'maybe' });
  }
}

/** BDAT: counted pieces, each of them answered. */
async function sendPieces(
  message: SizedMessage,
  context: TransactionContext,
  operation: LineOperation,
): Promise<SmtpReply> {
  const { dialogue, extensions } = context;
  const { connection } = dialogue;
  const encoder = new WireTextEncoder({ hasDots: false });
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const send = async (isLast: boolean): Promise<SmtpReply> => {
    demandSevenBit(message, encoder, extensions, connection.peer);
    const head = Buffer.from(`BDAT ${bytes}${isLast ? ' LAST' : ''}\r\n`);
    dialogue.owe();
    operation.sent('maybe');
    const piece = Buffer.concat([head, ...waiting]);
    [waiting, bytes] = [[], 0];
    const handedOver = (): void => void (isLast && operation.sent('all'));
    await connection.within(context.idleMs, 'A piece of the message', operation.scope, (own) =>
      connection.write(piece, own, handedOver),
    );
    return dialogue.answer(operation.scope, isLast ? context.acceptanceMs : undefined);
  };
  for await (const chunk of piecesOf(message, nextPiece(context, operation))) {
    const encoded = encoder.push(chunk);
    waiting.push(encoded);
    bytes += encoded.byteLength;
    if (bytes < PIECE_BYTES) continue;
    const reply = await send(false);
    if (isPositive(reply)) continue;
    await dialogue.ask('RSET', operation.scope);
    throw replyError(reply, { peer: connection.peer, phase: 'request', sent: 'maybe' });
  }
  const rest = encoder.end();
  waiting.push(rest);
  bytes += rest.byteLength;
  return send(true);
}

/** The server does not wait for ever for a source that is stuck. */
function nextPiece({ dialogue, idleMs }: TransactionContext, { scope }: LineOperation) {
  return <T>(next: Promise<T>): Promise<T> =>
    dialogue.connection.within(idleMs, 'The source of the message', scope, (own) => own.race(next));
}

/** A stream shows only on the way that it has more than US-ASCII. */
function demandSevenBit(
  { bytes }: SizedMessage,
  encoder: WireTextEncoder,
  { eightBitMime }: SmtpExtensions,
  peer: string,
): void {
  if (bytes !== null || eightBitMime || !encoder.hasEighthBit) return;
  const remote = { status: '8BITMIME', text: 'it does not offer 8BITMIME, which this message needs' };
  throw netError('PEER_REFUSED', { protocol: 'smtp', phase: 'request', peer, sent: 'maybe', remote });
}
