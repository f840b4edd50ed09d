import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maildirHandlers, openMaildir, type SmtpPeer, traceHeaders } from './index.ts';

let root: string;
const clock = new FakeClock();
const scope = createScope();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'roundhouse-maildir-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (name = 'anna') =>
  openMaildir({ directory: join(root, name), hostname: 'mx.example.com', processId: 42 }, clock);
const files = (name: string, folder = 'new'): Promise<string[]> => readdir(join(root, name, folder));

describe('a Maildir', () => {
  it('has a message whole, for its owner alone, with its sizes in its name', async () => {
    const maildir = await open();
    const name = await maildir.deliver([Buffer.from('Subject: x\r\n\r'), Buffer.from('\nhello\r\n')], scope);
    expect(name).toMatch(/^1767225600\.M0P42Q\d+R[0-9a-f]{16}\.mx\.example\.com,S=18,W=21$/);
    const path = join(root, 'anna', 'new', name);
    expect(await readFile(path, 'utf8')).toBe('Subject: x\n\nhello\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await files('anna', 'tmp')).toEqual([]);
  });

  it('gives many messages of one moment a name each', async () => {
    const maildir = await open();
    const names = await Promise.all(Array.from({ length: 50 }, () => maildir.deliver([Buffer.from('x\r\n')], scope)));
    expect(new Set(names).size).toBe(50);
    expect(await files('anna')).toHaveLength(50);
  });

  it('shows nothing of a message until it is whole, and keeps nothing of one that failed', async () => {
    const maildir = await open();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half\r\n');
      expect(await files('anna')).toEqual([]);
      expect(await files('anna', 'tmp')).toHaveLength(1);
      throw new Error('the client is gone');
    }
    await expect(maildir.deliver(failing(), scope)).rejects.toThrow('the client is gone');
    expect([...(await files('anna')), ...(await files('anna', 'tmp'))]).toEqual([]);
  });

  it('keeps nothing when its scope ends', async () => {
    const maildir = await open();
    const own = createScope();
    async function* given(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('whole\r\n');
      own.end();
    }
    await expect(maildir.deliver(given(), own)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([...(await files('anna')), ...(await files('anna', 'tmp'))]).toEqual([]);
  });

  it('is swept of what nobody finished within 36 hours', async () => {
    const maildir = await open();
    const now = clock.now() / 1_000;
    for (const [name, age] of [
      ['old', 36 * 3_600],
      ['young', 35 * 3_600],
    ] as const) {
      const path = join(root, 'anna', 'tmp', name);
      await writeFile(path, '');
      await utimes(path, now - age, now - age);
    }
    expect(await maildir.sweep()).toBe(1);
    expect(await files('anna', 'tmp')).toEqual(['young']);
  });

  it('needs an absolute folder', async () => {
    const options = { directory: 'mail', hostname: 'x', processId: 1 };
    await expect(openMaildir(options, clock)).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});

const PEER: SmtpPeer = {
  id: 'ID1',
  peer: '192.0.2.1:12345',
  tls: null,
  hello: 'there.example',
  isExtended: true,
  user: null,
};
const SENDER = {
  address: 'a@example.com',
  size: null,
  isEightBit: false,
  smtpUtf8: false,
  return: null,
  envelopeId: null,
};
const recipient = (address: string) => ({ address, notify: null, originalRecipient: null });

describe('a server that delivers to Maildirs', () => {
  const handlers = () =>
    maildirHandlers(
      {
        hostname: 'mx.example.com',
        directoryOf: (address) => {
          const user = address.split('@')[0] as string;
          return ['anna', 'bert'].includes(user) ? join(root, user) : user === 'broken' ? '/dev/null/mail' : null;
        },
      },
      { clock, processId: 42 },
    );
  async function* text(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Subject: x\r\n\r\nhello\r\n');
  }

  it('knows who is here', async () => {
    const hook = handlers().recipient;
    expect(await hook(recipient('anna@example.com'), SENDER, PEER, scope)).toBeUndefined();
    expect(await hook(recipient('carl@example.com'), SENDER, PEER, scope)).toMatchObject({
      code: 550,
      enhanced: '5.1.1',
    });
  });

  it('puts the same message into each mailbox once, with its way', async () => {
    const recipients = ['anna@example.com', 'bert@example.com', 'anna@example.com'].map(recipient);
    await handlers().message({ sender: SENDER, recipients, text: text() }, PEER, scope);
    const [anna, bert] = [await files('anna'), await files('bert')];
    expect([anna.length, bert.length]).toEqual([1, 1]);
    const kept = await readFile(join(root, 'bert', 'new', bert[0] as string), 'utf8');
    expect(kept).toBe(
      'Return-Path: <a@example.com>\nReceived: from there.example ([192.0.2.1])\n' +
        '\tby mx.example.com with ESMTP id ID1;\n\tThu, 01 Jan 2026 00:00:00 +0000\nSubject: x\n\nhello\n',
    );
    expect(bert[0]).toMatch(new RegExp(`,S=${kept.length},W=${kept.length + 7}$`));
  });

  it('puts it into none when one of them fails', async () => {
    const recipients = ['anna@example.com', 'broken@example.com'].map(recipient);
    await expect(handlers().message({ sender: SENDER, recipients, text: text() }, PEER, scope)).rejects.toThrow();
    expect([...(await files('anna')), ...(await files('anna', 'tmp'))]).toEqual([]);
  });
});

it.each([
  [{}, {}, 'SMTP'],
  [{ isExtended: true }, {}, 'ESMTP'],
  [{ isExtended: true, user: 'anna' }, {}, 'ESMTPA'],
  [{ isExtended: true, user: 'anna', tls: {} }, {}, 'ESMTPSA'],
  [{ isExtended: true }, { smtpUtf8: true }, 'UTF8SMTP'],
])('a trace header of %j and %j says %s (RFC 3848, RFC 6531 §4.3)', (peer, sender, protocol) => {
  const said = traceHeaders(
    { sender: { ...SENDER, ...sender }, recipients: [recipient('b@example.com')] },
    { ...PEER, isExtended: false, ...peer } as SmtpPeer,
    { hostname: 'mx.example.com', clock },
  );
  expect(said).toContain(`with ${protocol} id ID1\r\n\tfor <b@example.com>;`);
});

it('a trace header holds no line of the client', () => {
  const said = traceHeaders(
    { sender: SENDER, recipients: [] },
    { ...PEER, hello: 'x\r\nBcc: evil@example.com', peer: '[2001:db8::1]:25' },
    { hostname: 'mx.example.com', clock },
  );
  expect(said.split('\r\n')).toHaveLength(5);
  expect(said).toContain('([IPv6:2001:db8::1])');
});
