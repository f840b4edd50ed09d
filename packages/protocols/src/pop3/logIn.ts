import { createHash } from 'node:crypto';
import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { beginSasl } from '../mail/sasl.ts';
import type { Pop3Capabilities } from './capabilities.ts';
import type { Pop3Dialogue } from './dialogue.ts';
import { type Pop3Login, reveal } from './options.ts';
import { type Pop3Reply, replyError } from './reply.ts';

/** RFC 5034 §4: a command with its initial response has 255 bytes at most, with the line end. */
const MAX_COMMAND_BYTES = 253;
const MASK = '[secret]';

/** Logs in. Rejects with PEER_LOGIN_REFUSED, PEER_UNAVAILABLE or PROTOCOL_VIOLATION. */
export async function logIn(
  login: Pop3Login,
  timestamp: string | null,
  capabilities: Pop3Capabilities,
  dialogue: Pop3Dialogue,
  scope: Scope,
): Promise<void> {
  const { connection } = dialogue;
  const secret = reveal('token' in login ? login.token : login.password);
  const demandOk = (reply: Pop3Reply, said: readonly string[]): void => {
    if (reply.isOk) return;
    const masked = [secret, ...said].filter((each) => each !== '');
    const text = masked.reduce((words, each) => words.replaceAll(each, MASK), reply.text);
    throw replyError({ ...reply, text }, connection.peer, 'authenticate');
  };
  if ('password' in login && login.method === 'apop') {
    const digest = apopDigest(timestamp, secret);
    if (digest === undefined) throw notOffered('APOP', dialogue);
    return demandOk(await dialogue.exchange(`APOP ${login.user} ${digest}`, scope), [digest]);
  }
  const credentials =
    'token' in login ? login : { user: login.user, password: login.password, mechanisms: ['PLAIN'] as const };
  const exchange = beginSasl(credentials, capabilities.sasl);
  if (exchange === undefined) {
    if ('token' in login) throw notOffered('XOAUTH2', dialogue);
    // RFC 1939 §7; whether it is offered tells only CAPA, which old servers do not know.
    demandOk(await dialogue.exchange(`USER ${login.user}`, scope), []);
    return demandOk(await dialogue.exchange(`PASS ${secret}`, scope), []);
  }
  // RFC 5034 §4
  const initial = Buffer.from(exchange.initial ?? '').toString('base64');
  const whole = `AUTH ${exchange.mechanism} ${initial}`;
  const isShort = whole.length <= MAX_COMMAND_BYTES;
  let line = await dialogue.line(isShort ? whole : `AUTH ${exchange.mechanism}`, scope);
  let isFirst = !isShort;
  for (let challenges = 0; line.startsWith('+ ') && challenges < 4; challenges++) {
    const response = isFirst ? initial : Buffer.from(exchange.respond('')).toString('base64');
    isFirst = false;
    line = await dialogue.line(response, scope);
  }
  demandOk(dialogue.parse(line), [initial]);
}

/** RFC 1939 §7: of the timestamp in the greeting and the secret; undefined when there was none. */
export function apopDigest(timestamp: string | null, secret: string): string | undefined {
  return timestamp === null
    ? undefined
    : createHash('md5')
        .update(timestamp + secret)
        .digest('hex');
}

/** The timestamp of a greeting; its form is checked, since a forged one gives away digests (CVE-2007-1558). */
export function timestampOf(greeting: string): string | null {
  return /<[!-;=?-~]+@[!-;=?-~]+>/.exec(greeting)?.[0] ?? null;
}

function notOffered(what: string, { connection }: Pop3Dialogue): Error {
  const remote = { status: what, text: `it does not offer ${what}` };
  return netError('PEER_LOGIN_REFUSED', { protocol: 'pop3', phase: 'authenticate', peer: connection.peer, remote });
}
