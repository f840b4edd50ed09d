import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { beginSasl, type Credentials } from '../mail/sasl.ts';
import type { SmtpDialogue } from './dialogue.ts';
import type { SmtpExtensions } from './extensions.ts';
import { replyError, type SmtpReply } from './reply.ts';

/** A command line with an initial response may not be longer. RFC 4954 §4, RFC 5321 §4.5.3.1.4 */
const MAX_COMMAND_BYTES = 510;
/** No mechanism of ours asks more often. */
const MAX_CHALLENGES = 4;
const MASK = '[secret]';

/** Logs in. Rejects with TLS_REFUSED, PEER_LOGIN_REFUSED, PEER_UNAVAILABLE or PROTOCOL_VIOLATION. RFC 4954 */
export async function logIn(
  credentials: Credentials,
  allowsClear: boolean,
  extensions: SmtpExtensions,
  dialogue: SmtpDialogue,
  scope: Scope,
): Promise<void> {
  const { connection } = dialogue;
  connection.phase = 'authenticate';
  if (connection.transport.tls === null && !allowsClear) {
    throw connection.tlsRefused('credentials do not go over a connection in the clear');
  }
  const { peer } = connection;
  const exchange = beginSasl(credentials, extensions.auth);
  if (exchange === undefined) {
    const offered = extensions.auth.join(', ') || 'no mechanism';
    const remote = { status: 'AUTH', text: `it offers ${offered}` };
    throw netError('PEER_LOGIN_REFUSED', { protocol: 'smtp', phase: 'authenticate', peer, remote });
  }
  const said: string[] = [];
  const encode = (text: string): string => {
    const encoded = Buffer.from(text).toString('base64');
    said.push(encoded, text);
    return encoded;
  };
  let initial = exchange.initial === null ? undefined : encode(exchange.initial);
  const whole = `AUTH ${exchange.mechanism}${initial === undefined ? '' : ` ${initial}`}`;
  const isShort = whole.length <= MAX_COMMAND_BYTES;
  if (isShort) initial = undefined;
  let reply = await dialogue.ask(isShort ? whole : `AUTH ${exchange.mechanism}`, scope);
  for (let challenges = 0; reply.code === 334 && challenges < MAX_CHALLENGES; challenges++) {
    const challenge = Buffer.from(reply.lines[0] ?? '', 'base64').toString();
    const response = initial ?? encode(exchange.respond(challenge));
    initial = undefined;
    reply = await dialogue.ask(response, scope);
  }
  if (reply.code !== 235) throw replyError(withoutSecrets(reply, said), { peer, phase: 'authenticate' });
}

/** An answer may repeat what it was asked; errors may not show it. */
function withoutSecrets(reply: SmtpReply, said: readonly string[]): SmtpReply {
  const secrets = said.filter((text) => text !== '');
  const masked = (line: string): string => secrets.reduce((text, secret) => text.replaceAll(secret, MASK), line);
  return { ...reply, lines: reply.lines.map(masked) };
}
