import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@roundhouse/core';
import { type Dovecot, isInstalled, MAIL_USER as USER, mailServersAvailable, startDovecot } from '@roundhouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectSmtp, maildirHandlers, serveSmtp } from '../smtp/index.ts';
import { connectPop3, type Pop3ConnectOptions } from './index.ts';

const run = promisify(execFile);
const TEXTS = [
  'From: a@example.org\r\nSubject: one\r\n\r\n.dot\r\n..\r\n.\r\n\r\nend\r\n',
  'From: a@example.org\r\nSubject: two\r\n\r\n',
  `From: a@example.org\r\nSubject: three\r\n\r\n${'0123456789abcdef'.repeat(50)}\r\n`.repeat(200),
];

describe.skipIf(!mailServersAvailable())('a mailbox of our server, read through Dovecot', () => {
  let dovecot: Dovecot;
  /** The messages as they lie there, with the trace of our server. */
  let kept: readonly string[];
  beforeAll(async () => {
    dovecot = await startDovecot();
  }, 120_000);
  afterAll(async () => {
    await dovecot?.[Symbol.asyncDispose]();
  });

  /** Each test has a mailbox with the same messages. */
  beforeEach(async () => {
    for (const folder of ['new', 'cur']) {
      for (const name of await readdir(join(dovecot.maildir, folder))) await rm(join(dovecot.maildir, folder, name));
    }
    const server = await serveSmtp(
      { hostname: 'mx.example.com' },
      maildirHandlers(
        { hostname: 'mx.example.com', directoryOf: () => dovecot.maildir },
        { clock: systemClock, processId: process.pid },
      ),
    );
    const client = await connectSmtp({ host: '127.0.0.1', port: server.port, security: 'off' });
    for (const text of TEXTS) await client.send({ from: 'a@example.org', to: ['anna@example.com'] }, text);
    await client.drain();
    await server.drain();
    const names = await readdir(join(dovecot.maildir, 'new'));
    const files = await Promise.all(names.map((name) => readFile(join(dovecot.maildir, 'new', name), 'latin1')));
    const position = (text: string): number =>
      TEXTS.findIndex((each) => text.includes(each.split('\r\n')[1] as string));
    kept = files.map((text) => text.replaceAll('\n', '\r\n')).toSorted((a, b) => position(a) - position(b));
    await dovecot.handOver();
  });

  const options = (more: Partial<Pop3ConnectOptions> = {}): Pop3ConnectOptions => ({
    host: 'localhost',
    port: more.security === 'required' ? dovecot.port : dovecot.tlsPort,
    tls: { ca: dovecot.ca },
    login: USER,
    ...more,
  });

  it.each(['implicit', 'required'] as const)('by our client, byte for byte (TLS: %s)', async (security) => {
    await using client = await connectPop3(options({ security }));
    expect(client.capabilities).toMatchObject({ isKnown: true, uidl: true, top: true });
    expect(client.tls).toMatchObject({ verified: true });
    const listed = await client.list();
    expect(await client.stat()).toEqual({ messages: 3, bytes: listed.reduce((sum, { bytes }) => sum + bytes, 0) });
    const ids = await client.identify();
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3);
    const texts: string[] = [];
    for (const { number, bytes } of listed) {
      const text = await client.download(number);
      // The size that our Maildir wrote into the name is the size on the wire.
      expect(text.byteLength).toBe(bytes);
      expect(await client.size(number)).toBe(bytes);
      texts.push(Buffer.from(text).toString('latin1'));
    }
    expect(texts.toSorted()).toEqual([...kept].toSorted());
    for (const [at, text] of TEXTS.entries()) expect(kept[at]?.endsWith(text)).toBe(true);
  });

  it('of which one is deleted, and not another that was taken back', async () => {
    const first = await connectPop3(options());
    await first.delete(1);
    await first.reset();
    await first.delete(2);
    expect((await first.identify()).map(({ number }) => number)).toEqual([1, 3]);
    await first.commit();
    await using second = await connectPop3(options());
    expect((await second.stat()).messages).toBe(2);
  });

  it('keeps what was deleted when the session is aborted', async () => {
    const client = await connectPop3(options());
    await client.delete(1);
    client.abort();
    await using second = await connectPop3(options());
    expect((await second.stat()).messages).toBe(3);
  });

  it('in part: the headers, some lines, and a reader that leaves early', async () => {
    await using client = await connectPop3(options());
    const numbers = (await client.list()).map(({ number }) => number);
    for (const number of numbers) {
      const headers = Buffer.from(await client.top(number)).toString();
      expect(headers).toMatch(
        /^Return-Path: <a@example\.org>\r\nReceived: from \[127\.0\.0\.1\] \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.com with ESMTP id/,
      );
      const early = await client.retrieve(number, async (text) => {
        for await (const piece of text) return piece.byteLength;
        return 0;
      });
      expect(early).toBeGreaterThan(0);
    }
    await client.noop();
  });

  it('by APOP, and not with a wrong password', async () => {
    await using client = await connectPop3(options({ login: { ...USER, method: 'apop' } }));
    expect((await client.stat()).messages).toBe(3);
    const wrong = connectPop3(options({ login: { ...USER, password: 'wrong' } }));
    await expect(wrong).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED', phase: 'authenticate' });
  });

  it('says nothing in the clear, and nothing to whom it does not trust', async () => {
    const clear = connectPop3(options({ security: 'off', port: dovecot.port }));
    await expect(clear).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    await expect(connectPop3(options({ tls: {} }))).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
  });

  it.skipIf(!isInstalled('curl'))('by curl, byte for byte', async () => {
    const ca = join(dovecot.folder, 'authority.pem');
    await writeFile(ca, dovecot.ca);
    const url = `pop3s://localhost:${dovecot.tlsPort}`;
    const curl = (path: string) =>
      run(
        'curl',
        ['--silent', '--show-error', '--cacert', ca, '--user', `${USER.user}:${USER.password}`, `${url}/${path}`],
        { encoding: 'latin1' },
      );
    const texts: string[] = [];
    for (const number of [1, 2, 3]) texts.push((await curl(String(number))).stdout);
    expect(texts.toSorted()).toEqual([...kept].toSorted());
  });
});
