import { ByteReader, netError } from '@roundhouse/net';
import type { Check, Checker } from './checker.ts';
import { dialFor } from './connection.ts';

/** RFC 2449 §4: of a response, with its end. */
const MAX_LINE_BYTES = 512;
const MAX_WORDS = 120;

export const checkPop3: Checker = (check) => ask(check);

export const checkPop3s: Checker = (check) => ask(check, []);

/** The greeting, and a good-bye (RFC 1939 §4, §5). It does not log in. */
async function ask(check: Check, alpn?: readonly string[]): Promise<void> {
  const { scope, enter } = check;
  const transport = await dialFor(check, alpn);
  try {
    const reader = new ByteReader(transport, { protocol: 'pop3' });
    const demandOk = async (phase: 'greeting' | 'close'): Promise<void> => {
      enter(phase);
      const line = Buffer.from(await reader.line(MAX_LINE_BYTES, scope, 'a line')).toString('latin1');
      if (/^\+OK(?: |$)/.test(line)) return;
      const place = { protocol: 'pop3', phase, peer: transport.peer } as const;
      const [, text] = /^-ERR ?(.*)/.exec(line) ?? [];
      if (text === undefined) {
        throw netError('PROTOCOL_VIOLATION', { ...place, details: { reason: 'it says neither +OK nor -ERR' } });
      }
      throw netError('PEER_UNAVAILABLE', { ...place, remote: { status: '-ERR', text: text.slice(0, MAX_WORDS) } });
    };
    await demandOk('greeting');
    transport.write(Buffer.from('QUIT\r\n'));
    await demandOk('close');
  } finally {
    transport.destroy();
  }
}
