import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { beginSasl } from '../mail/sasl.ts';
import type { ImapCapabilities } from './capabilities.ts';
import { spaced, stringPart } from './command.ts';
import { type Completion, completionError } from './completion.ts';
import type { ImapDialogue } from './dialogue.ts';
import { type ImapLogin, reveal } from './options.ts';

const MASK = '[secret]';
const MAX_CHALLENGES = 4;

/** Logs in. Rejects with PEER_LOGIN_REFUSED, PEER_UNAVAILABLE or PROTOCOL_VIOLATION. */
export async function logIn(
  login: ImapLogin,
  capabilities: ImapCapabilities,
  dialogue: ImapDialogue,
  scope: Scope,
): Promise<void> {
  const { connection } = dialogue;
  const secret = reveal('token' in login ? login.token : login.password);
  const demandOk = (completion: Completion, said: string): void => {
    if (completion.status === 'OK') return;
    const masked = [secret, said].filter((each) => each !== '');
    const text = masked.reduce((words, each) => words.replaceAll(each, MASK), completion.text);
    throw completionError({ ...completion, text }, connection.peer, 'authenticate');
  };
  const offered = [...capabilities].flatMap((name) => (name.startsWith('AUTH=') ? [name.slice(5)] : []));
  const credentials =
    'token' in login ? login : { user: login.user, password: login.password, mechanisms: ['PLAIN'] as const };
  const exchange = beginSasl(credentials, offered);
  if (exchange === undefined) {
    if ('token' in login) throw notOffered('XOAUTH2', connection.peer);
    // RFC 9051 §6.2.3
    if (capabilities.has('LOGINDISABLED')) throw notOffered('a log-in by password', connection.peer);
    const command = spaced('LOGIN', stringPart(login.user), stringPart(secret));
    return demandOk(await dialogue.exchange(command, {}, scope), '');
  }
  const initial = Buffer.from(exchange.initial ?? '').toString('base64');
  // RFC 4959
  let isSaid = capabilities.has('SASL-IR') || capabilities.has('IMAP4REV2');
  const command = `AUTHENTICATE ${exchange.mechanism}${isSaid ? ` ${initial}` : ''}`;
  let challenges = 0;
  const more = (): string => {
    challenges += 1;
    if (challenges > MAX_CHALLENGES) throw connection.violation('it asks more than the mechanism has to say');
    if (isSaid) return Buffer.from(exchange.respond('')).toString('base64');
    isSaid = true;
    return initial;
  };
  demandOk(await dialogue.exchange([command], { more }, scope), initial);
}

function notOffered(what: string, peer: string): Error {
  const remote = { status: 'CAPABILITY', text: `it does not offer ${what}` };
  return netError('PEER_LOGIN_REFUSED', { protocol: 'imap', phase: 'authenticate', peer, remote });
}
