import { type Client, createClient, type Rule } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, call } from '../wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const SUMMARY = {
  from: 'zos1@b.example',
  to: ['ops@a.example'],
  header_from: null,
  subject: 'JOB4711',
  message_id: null,
  bytes: 4,
  address: '127.0.0.1',
  tls: false,
  file: null,
};

let store: Store;
let server: Server;
let client: Client;
let url = '';

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock });
  const openSession = async (): Promise<never> => {
    throw new Error('nothing is opened here');
  };
  server = await createServer({ port: 0, token: TOKEN, version: '1.2.3' }, { log: silentLog(), openSession, store });
  ({ url } = await server.start());
  client = createClient({ url, token: TOKEN });
});
afterEach(async () => {
  client[Symbol.dispose]();
  await server.stop();
  await store.close();
});

async function deliver(id: string, ...pieces: readonly Uint8Array[]): Promise<void> {
  for (const [piece, bytes] of pieces.entries()) await store.mailbox.write(id, piece, bytes);
  await store.mailbox.keep(id, SUMMARY);
}

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces));
}

describe('mail in the store, over the API,', () => {
  it('is listed newest first, page by page, and shown', async () => {
    for (const id of ['a', 'b', 'c']) await deliver(id, Buffer.from('text'));
    await store.mailbox.write('pending', 0, Buffer.from('x'));
    const first = await client.mail.list({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(['c', 'b']);
    const second = await client.mail.list({ limit: 2, cursor: first.next_cursor ?? '' });
    expect([second.items.map(({ id }) => id), second.next_cursor]).toEqual([['a'], null]);
    const { bytes: _bytes, file: _file, ...told } = SUMMARY;
    expect(await client.mail.get('a')).toEqual({ id: 'a', kept_at: expect.any(String), text_bytes: 4, ...told });
    await expect(client.mail.get('pending')).rejects.toMatchObject({ code: 'MAIL_NOT_FOUND', status: 404 });
  });

  it('is read as it came, of whatever size and bytes', async () => {
    const pieces = [0, 1, 2].map((n) => Buffer.alloc(1_048_576, Uint8Array.of(n, 0xff, 0x0d, 0x0a)));
    await deliver('large', ...pieces);
    expect((await readAll(await client.mail.text('large'))).equals(Buffer.concat(pieces))).toBe(true);
    const head = await call(url, 'HEAD', '/api/v1/mail/large/text', { authorization: bearer(TOKEN) });
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-type': 'message/rfc822' } });
  });

  it('is removed once', async () => {
    await deliver('a', Buffer.from('text'));
    await client.mail.delete('a');
    await expect(client.mail.delete('a')).rejects.toMatchObject({ code: 'MAIL_NOT_FOUND' });
    expect(await store.mailbox.figures()).toMatchObject({ messages: 0 });
  });

  it.each(['none', '..%2fa', 'a%00b', 'x'.repeat(300)])('is not found by %s', async (id) => {
    const { status, json } = await call(url, 'GET', `/api/v1/mail/${id}`, { authorization: bearer(TOKEN) });
    expect([status, json?.['code']]).toEqual([404, expect.stringMatching(/NOT_FOUND$/)]);
  });

  it('is for those whom a role lets have just that message', async () => {
    for (const id of ['a', 'b']) await deliver(id, Buffer.from('text'));
    const rules: Rule[] = [{ verbs: ['list', 'get', 'read'], kinds: ['mail'], ids: ['a'] }];
    await server.resources.create('role', { id: 'reader', rules }, { by: 'test' });
    await server.resources.create('principal', { id: 'ann', roles: ['reader'] }, { by: 'test' });
    const { key } = await client.createResource('api_key', { id: 'k', principal: 'ann' });
    using ann = createClient({ url, token: key });
    expect((await ann.mail.list()).items.map(({ id }) => id)).toEqual(['a']);
    expect((await readAll(await ann.mail.text('a'))).toString()).toBe('text');
    for (const refused of [ann.mail.get('b'), ann.mail.text('b'), ann.mail.delete('a')]) {
      await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});
