import { ByteReader, httpHeadEnd, netError, parseHttpHead, parseStatusLine, type Transport } from '@roundhouse/net';
import type { Check, Checker } from './checker.ts';
import { dialFor } from './connection.ts';
import { authorityOf, noteStatus } from './httpStatus.ts';

const MAX_HEAD_BYTES = 65_536;

export const checkHttp: Checker = async (check) => ask(check, await dialFor(check));

export const checkHttps: Checker = async (check) => ask(check, await dialFor(check, ['http/1.1']));

async function ask(check: Check, transport: Transport): Promise<void> {
  const { url, enter, facts } = check;
  enter('request');
  try {
    const reader = new ByteReader(transport, { protocol: 'http' });
    const lines = [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${authorityOf(check)}`,
      'User-Agent: roundhouse-probe',
      'Accept: */*',
      'Connection: close',
    ];
    transport.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    const head = parseHttpHead(await headOf(reader, check));
    const status = typeof head === 'string' ? undefined : parseStatusLine(head.startLine);
    if (typeof head === 'string' || status === undefined) {
      const reason = typeof head === 'string' ? head : 'the answer has no status line of HTTP/1';
      throw netError('PROTOCOL_VIOLATION', {
        protocol: 'http',
        phase: 'read',
        peer: transport.peer,
        sent: 'all',
        details: { reason },
      });
    }
    facts['server'] = head.fields.get('server')?.[0] ?? null;
    noteStatus(facts, status.status, status.text, transport.peer);
  } finally {
    transport.destroy();
  }
}

/** The first head that is an answer: those of 1xx come before it (RFC 9110 §15.2). */
async function headOf(reader: ByteReader, { scope }: Check): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const end = httpHeadEnd(bytes);
    if (end !== -1 && !/^HTTP\/1\.[01] 1\d\d/.test(bytes.subarray(0, 12).toString('latin1'))) {
      return bytes.subarray(0, end);
    }
    if (end !== -1) bytes = bytes.subarray(end);
    else {
      // The reader says what is wrong when nothing more comes, or too much.
      const next = Buffer.from(await reader.exactly(1, scope));
      bytes = Buffer.concat([bytes, next, reader.takeAll()]);
      if (bytes.length > MAX_HEAD_BYTES) await reader.line(1, scope, 'the head of the answer');
    }
  }
}
