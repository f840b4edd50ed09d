import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope, silentLogger, systemClock } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetRuntime, type TlsServerOptions } from '@roundhouse/net';
import { connectSmtp } from '@roundhouse/protocols/smtp';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventJournal, openEventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { type MailReceiver, type MailReceiverOptions, openMailReceiver } from './receiver.ts';

const clock = systemClock;
const TEXT = 'From: a@b.example\r\nSubject: hello\r\n\r\nsecret body\r\n';
const authority = createCertificateAuthority();

let folder: string;
let scope: Scope;
let runtime: NetRuntime;
let store: Store;
let journal: EventJournal;
let receiver: MailReceiver;
let told: JournalEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-mail-'));
  scope = createScope();
  const { dialer, listen } = createMemoryNetwork();
  runtime = createRuntime({ dialer, listen });
  store = createMemoryStore({ clock });
  journal = await openEventJournal({}, { store, clock, random: Math.random, log: silentLogger });
  told = [];
  journal.watch((event) => void told.push(event));
});
afterEach(async () => {
  await receiver.close(1_000);
  scope.end();
  await journal.close();
  await store.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<MailReceiverOptions> = {}, state: EventJournal['state'] = 'ok'): Promise<void> {
  const certificates = { follow: async (): Promise<TlsServerOptions> => authority.issue() };
  const of = { commit: journal.commit.bind(journal), state };
  receiver = await openMailReceiver(
    {
      host: 'localhost',
      port: 0,
      hostname: 'mx.example',
      directory: join(folder, 'mail'),
      accept: ['a.example'],
      ...options,
    },
    { journal: of, store, certificates, runtime, clock, random: Math.random, log: silentLogger },
    scope,
  );
}

async function send(to: readonly string[], text = TEXT, security: 'off' | 'required' = 'off') {
  const options = { host: 'localhost', port: receiver.port, security, tls: { ca: authority.cert } };
  const client = await connectSmtp(options, scope, runtime);
  try {
    return await client.send({ from: 'zos1@b.example', to }, Buffer.from(text), scope);
  } finally {
    await client.drain();
  }
}

const kept = async (): Promise<string[]> => readdir(join(folder, 'mail', 'box', 'new'));

describe('mail that is received', () => {
  it('is in the Maildir when it is answered, and told soon', async () => {
    await open();
    const { accepted, refused } = await send(['ops@a.example', 'eve@elsewhere.test']);
    expect([accepted.length, refused.map(({ code }) => code)]).toEqual([1, [550]]);
    const [file = ''] = await kept();
    const text = await readFile(join(folder, 'mail', 'box', 'new', file), 'utf8');
    expect(text).toMatch(/^Return-Path: <zos1@b\.example>\nReceived: from .*by mx\.example .*secret body\n$/s);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]?.data).toMatchObject({ from: 'zos1@b.example', to: ['ops@a.example'], subject: 'hello' });
    expect(file.startsWith(String(told[0]?.data['file']))).toBe(true);
    expect(JSON.stringify(told)).not.toContain('secret body');
  });

  it('is taken from many at once, from the first on', async () => {
    await open();
    await Promise.all(Array.from({ length: 10 }, () => send(['ops@a.example'])));
    await vi.waitFor(() => expect(told).toHaveLength(10));
    expect(await kept()).toHaveLength(10);
  });

  it('is an event alone where it is not to be kept', async () => {
    await open({ keep: 'none' });
    await send(['ops@a.example']);
    await vi.waitFor(() => expect(told[0]?.data).toMatchObject({ file: null, bytes: TEXT.length }));
    expect(await readdir(join(folder, 'mail'))).toEqual(['outbox']);
  });

  it('is refused for now while the mailbox is full, until somebody removes some', async () => {
    await open({ maxKept: 1 });
    await send(['ops@a.example']);
    await expect(send(['ops@a.example'])).rejects.toMatchObject({
      code: 'PEER_UNAVAILABLE',
      details: { status: '452' },
    });
    const [file = ''] = await kept();
    await rm(join(folder, 'mail', 'box', 'new', file));
    await vi.waitFor(() => send(['ops@a.example']), { timeout: 5_000, interval: 100 });
    receiver.configure({ accept: ['a.example'], maxKept: 3 });
    await send(['ops@a.example']);
  });

  it('is in the store when it is answered, and told soon, where the store is to keep it', async () => {
    await open({ keep: 'store' });
    await send(['ops@a.example']);
    const [mail] = await store.mailbox.list({ limit: 10 });
    const bytes = (await store.mailbox.read(mail?.id ?? '', 0)) ?? Buffer.of();
    expect(Buffer.from(bytes).toString()).toMatch(/^Return-Path: <zos1@b\.example>\r\n.*secret body\r\n$/s);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatchObject({ subject: mail?.id, data: { ...mail?.summary, file: null } });
    expect(await readdir(join(folder, 'mail'))).toEqual(['outbox']);
  });

  it('is refused for now while there are too many bytes, until somebody removes some', async () => {
    await open({ keep: 'store', maxKeptBytes: TEXT.length });
    await send(['ops@a.example']);
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ details: { status: '452' } });
    const [mail] = await store.mailbox.list({ limit: 10 });
    await store.mailbox.remove(mail?.id ?? '');
    await vi.waitFor(() => send(['ops@a.example']), { timeout: 5_000, interval: 100 });
    receiver.configure({ accept: ['a.example'] });
    await send(['ops@a.example']);
  });

  it('is answered with 451, and nothing is left of it, when the store does not take it', async () => {
    await open({ keep: 'store' });
    const keep = store.mailbox.keep.bind(store.mailbox);
    const broken = vi.spyOn(store.mailbox, 'keep').mockImplementation(async (id, summary) => {
      await keep(id, summary);
      throw new Error('the answer was lost');
    });
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ details: { status: '451' } });
    expect((await store.mailbox.figures()).messages).toBe(0);
    expect(await readdir(join(folder, 'mail', 'outbox'))).toEqual([]);
    broken.mockRestore();
    await send(['ops@a.example']);
    await vi.waitFor(() => expect(told).toHaveLength(1));
  });

  it('is refused for now while events have no room', async () => {
    await open({}, 'overloaded');
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ code: 'PEER_UNAVAILABLE' });
    expect(await kept()).toEqual([]);
  });

  it('is taken by other rules as soon as they are said', async () => {
    await open();
    receiver.configure({ accept: ['c.example'] });
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ code: 'PEER_REFUSED' });
    await send(['ops@c.example']);
    receiver.configure({ accept: ['c.example'], allowFrom: ['10.0.0.0/8'] });
    await expect(send(['ops@c.example'])).rejects.toMatchObject({ code: 'PEER_REFUSED' });
  });

  it('is not taken in the clear where TLS is demanded, and over STARTTLS it is', async () => {
    await open({ startTls: { certFile: 'c', keyFile: 'k' }, requiresTls: true });
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ code: 'PEER_REFUSED' });
    await send(['ops@a.example'], TEXT, 'required');
    await vi.waitFor(() => expect(told[0]?.data).toMatchObject({ tls: true }));
  });

  it('is answered with 451, and nothing is left of it, when the disk does not take it', async () => {
    await open();
    const outbox = join(folder, 'mail', 'outbox');
    await rm(outbox, { recursive: true });
    await expect(send(['ops@a.example'])).rejects.toMatchObject({ details: { status: '451' } });
    expect([await kept(), told]).toEqual([[], []]);
    await mkdir(outbox);
    await send(['ops@a.example']);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(await kept()).toHaveLength(1);
  });

  it('leaves nothing when its text is no good', async () => {
    await open();
    await expect(send(['ops@a.example'], `${TEXT}${'x'.repeat(5_000)}\r\n`)).rejects.toMatchObject({
      details: { status: '550' },
    });
    expect([await kept(), await readdir(join(folder, 'mail', 'box', 'tmp'))]).toEqual([[], []]);
    expect(await readdir(join(folder, 'mail', 'outbox'))).toEqual([]);
  });
});
