import { ByteReader, netError } from '@roundhouse/net';
import type { Check, Checker } from './checker.ts';
import { dialFor } from './connection.ts';

/** Capabilities may stand in the greeting (RFC 9051 §7.1). */
const MAX_LINE_BYTES = 8_192;
const MAX_WORDS = 120;
/** Lines that may come before the answer to LOGOUT. */
const MAX_LINES = 20;

export const checkImap: Checker = (check) => ask(check);

export const checkImaps: Checker = (check) => ask(check, []);

/** The greeting, and a good-bye (RFC 9051 §7.1.5, §6.1.3). It does not log in. */
async function ask(check: Check, alpn?: readonly string[]): Promise<void> {
  const { scope, enter } = check;
  const transport = await dialFor(check, alpn);
  const { peer } = transport;
  try {
    const reader = new ByteReader(transport, { protocol: 'imap' });
    const line = async (): Promise<string> =>
      Buffer.from(await reader.line(MAX_LINE_BYTES, scope, 'a line')).toString('latin1');
    enter('greeting');
    const greeting = await line();
    const [, status, text = ''] = /^\* (OK|PREAUTH|BYE)(?: (.*))?$/i.exec(greeting) ?? [];
    if (status === undefined) {
      const details = { reason: 'it greets with none of OK, PREAUTH and BYE' };
      throw netError('PROTOCOL_VIOLATION', { protocol: 'imap', phase: 'greeting', peer, details });
    }
    if (/^bye$/i.test(status)) {
      const remote = { status: 'BYE', text: text.slice(0, MAX_WORDS) };
      throw netError('PEER_UNAVAILABLE', { protocol: 'imap', phase: 'greeting', peer, remote });
    }
    enter('close');
    transport.write(Buffer.from('P1 LOGOUT\r\n'));
    for (let count = 0; count < MAX_LINES; count++) {
      const answer = await line();
      if (/^P1 OK(?: |$)/i.test(answer)) return;
      if (!answer.startsWith('* ')) break;
    }
    const details = { reason: 'it does not answer LOGOUT with OK' };
    throw netError('PROTOCOL_VIOLATION', { protocol: 'imap', phase: 'close', peer, details });
  } finally {
    transport.destroy();
  }
}
