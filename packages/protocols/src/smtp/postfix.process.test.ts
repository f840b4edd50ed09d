import { createHash } from 'node:crypto';
import { createScope } from '@roundhouse/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Dovecot,
  eventually,
  mailServersAvailable,
  type Postfix,
  startDovecot,
  startPostfix,
  MAIL_USER as USER,
} from '@roundhouse/testing';
import { connectSmtp, createSmtpPool, type SmtpConnectOptions } from './index.ts';

const TO_ANNA = { from: 'me@example.org', to: ['anna@example.com'] };

describe.skipIf(!mailServersAvailable())('our client and Postfix', () => {
  let dovecot: Dovecot;
  let postfix: Postfix;
  beforeAll(async () => {
    dovecot = await startDovecot();
    postfix = await startPostfix(dovecot.authSocket);
  }, 120_000);
  afterAll(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await dovecot?.[Symbol.asyncDispose]();
  });

  const server = (options: Partial<SmtpConnectOptions> = {}): SmtpConnectOptions => ({
    host: 'localhost',
    port: options.security === 'implicit' ? postfix.tlsPort : postfix.port,
    tls: { ca: postfix.ca },
    ...options,
  });

  /** The delivered file that has the text, without what Postfix put before it. */
  const arrived = (marker: string): Promise<string> =>
    eventually(async () => {
      const files = await postfix.delivered();
      return files.map((file) => file.toString('latin1')).find((text) => text.includes(marker));
    }, `delivery of ${marker}`);

  const bodies = {
    'lines of dots': '.\r\n..\r\n.a\r\n\r\n.',
    'a body that looks like an end': 'x\n.\nMAIL FROM:<evil@example.org>\n.\r\nDATA',
    '8-bit text': Buffer.from('\xe4\xf6\xfc\r\n', 'latin1'),
    'many lines': Array.from({ length: 3_000 }, (_, at) => `${at} ${'x'.repeat(at % 70)}`).join('\r\n'),
  };
  const ways = [
    ['STARTTLS, pieces', {}, {}],
    ['STARTTLS, a text', {}, { transfer: 'data' }],
    ['TLS from the first byte', { security: 'implicit' }, {}],
  ] as const;
  for (const [way, options, sendOptions] of ways) {
    it.each(Object.entries(bodies))(`deliver byte for byte over ${way}: %s`, async (_name, body) => {
      await using client = await connectSmtp(server(options));
      const id = createHash('sha256').update(way).update(body).digest('hex').slice(0, 16);
      const headers = `From: me@example.org\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-Id: <${id}@example.org>\r\n\r\n`;
      const text = Buffer.concat([Buffer.from(headers), Buffer.from(body)]);
      const report = await client.send(TO_ANNA, text, createScope(), sendOptions);
      expect(report.accepted).toMatchObject([{ address: 'anna@example.com', code: 250 }]);
      expect(client.tls).toMatchObject({ verified: true });
      const file = await arrived(id);
      const sent = text.toString('latin1').replace(/\r\n|\r|\n/g, '\n');
      expect(file.slice(file.indexOf('From: me@'))).toBe(sent.endsWith('\n') ? sent : `${sent}\n`);
      expect(file).toContain(`Return-Path: <${TO_ANNA.from}>`);
    });
  }

  it('hear which recipients it does not know', async () => {
    await using client = await connectSmtp(server());
    const report = await client.send(
      { ...TO_ANNA, to: ['anna@example.com', 'nobody@example.com'] },
      'Subject: mixed\n\nx',
    );
    expect(report.refused).toMatchObject([{ address: 'nobody@example.com', code: 550, enhanced: '5.1.1' }]);
    const failing = client.send({ ...TO_ANNA, to: ['nobody@example.com'] }, 'x');
    await expect(failing).rejects.toMatchObject({ code: 'PEER_REFUSED', sent: 'none', remote: { status: '550' } });
    await client.noop();
  });

  it('hear of a message that is too large, before and after it has gone', async () => {
    await using client = await connectSmtp(server());
    expect(client.extensions.size).toBe(postfix.maxBytes);
    const large = Buffer.alloc(postfix.maxBytes + 100_000, 'x'.repeat(70).concat('\r\n'));
    await expect(client.send(TO_ANNA, large)).rejects.toMatchObject({
      code: 'PEER_REFUSED',
      remote: { status: 'SIZE' },
      sent: 'none',
    });
    async function* streamed(): AsyncGenerator<Uint8Array> {
      yield large;
    }
    const failing = client.send(TO_ANNA, streamed(), createScope(), { transfer: 'data' });
    await expect(failing).rejects.toMatchObject({ code: 'PEER_REFUSED', remote: { status: '552' } });
  });

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'] as const)('log in by %s, and not with a wrong password', async (mechanism) => {
    const auth = { ...USER, mechanisms: [mechanism] };
    const client = await connectSmtp(server({ auth }));
    await client.drain();
    const wrong = connectSmtp(server({ auth: { ...auth, password: 'wrong' } }));
    await expect(wrong).rejects.toMatchObject({
      code: 'PEER_LOGIN_REFUSED',
      phase: 'authenticate',
      remote: { status: '535' },
    });
  });

  it('say nothing when its certificate is for another', async () => {
    const failing = connectSmtp(server({ tls: { ca: postfix.ca, serverName: 'mx.example.net' } }));
    await expect(failing).rejects.toMatchObject({ code: 'TLS_NAME_MISMATCH' });
  });

  it('deliver an address that is not US-ASCII to where it may go, or hear why not', async () => {
    await using client = await connectSmtp(server());
    const report = await client.send({ ...TO_ANNA, from: 'jürgen@example.org' }, 'Subject: Grüße-utf8\n\nx');
    expect(report.accepted).toHaveLength(1);
    const file = await arrived(Buffer.from('Grüße-utf8').toString('latin1'));
    expect(Buffer.from(file, 'latin1').toString()).toContain('Return-Path: <jürgen@example.org>');
  });

  it('send many over few connections', async () => {
    const pool = createSmtpPool({ maxPerKey: 3 });
    const numbers = Array.from({ length: 40 }, (_, at) => at);
    await Promise.all(numbers.map((at) => pool.send(server(), TO_ANNA, `Subject: many-${at}-x\n\nx`)));
    expect(pool.stats().open).toBeLessThanOrEqual(3);
    await pool.drain();
    await eventually(async () => {
      const files = (await postfix.delivered()).filter((file) => file.includes('Subject: many-'));
      return files.length === 40 ? files : undefined;
    }, 'forty messages');
    const connections = (await postfix.log()).match(/: connect from/g) ?? [];
    expect(connections.length).toBeLessThan(60);
  });
});
