import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createScope } from '@roundhouse/core';
import {
  type Dovecot,
  eventually,
  isInstalled,
  MAIL_USER as USER,
  mailServersAvailable,
  startDovecot,
} from '@roundhouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectImap, type ImapClient, type ImapConnectOptions, type ImapEvent } from './index.ts';

const run = promisify(execFile);

const PLAIN =
  'From: Anna <anna@example.com>\r\nTo: bert@example.com\r\nSubject: one\r\nX-Note: a\r\n\r\nhello (1) {7}\r\n';
const PARTS = [
  'From: bert@example.com',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
  'Date: Sun, 22 Nov 2026 09:05:00 +0100',
  'Message-ID: <2@example.com>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Grüße aus Köln',
  '--b',
  'Content-Type: application/octet-stream; name="blob.bin"',
  'Content-Disposition: attachment; filename="a \\"b\\".bin"',
  'Content-Transfer-Encoding: base64',
  '',
  'AAECAwQFBgcICQ==',
  '--b--',
  '',
].join('\r\n');
const LARGE = `From: c@example.com\r\nSubject: large\r\n\r\n${'0123456789abcdef'.repeat(60)}\r\n${'.\r\n'.repeat(3)}`
  .concat('{5}\r\n) A1 OK done\r\n')
  .repeat(3_000);

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(!mailServersAvailable())('a mailbox of Dovecot', () => {
  let dovecot: Dovecot;
  let client: ImapClient;
  let box = '';
  let made = 0;
  beforeAll(async () => {
    dovecot = await startDovecot();
  }, 120_000);
  afterAll(async () => {
    await dovecot?.[Symbol.asyncDispose]();
  });

  const options = (more: Partial<ImapConnectOptions> = {}): ImapConnectOptions => ({
    host: 'localhost',
    port: more.security === 'required' ? dovecot.imapPort : dovecot.imapTlsPort,
    tls: { ca: dovecot.ca },
    login: USER,
    ...more,
  });

  /** Each test has a mailbox of its own. */
  beforeEach(async () => {
    client = await connectImap(options());
    made += 1;
    box = `Kästen & mehr ${made}`;
    await client.create(box);
    return () => client.drain();
  });

  async function filled(): Promise<readonly number[]> {
    const uids: number[] = [];
    for (const text of [PLAIN, PARTS, LARGE]) {
      uids.push((await client.append(box, Buffer.from(text)))?.uid ?? 0);
    }
    await client.select(box);
    return uids;
  }

  it.each(['implicit', 'required'] as const)(
    'takes messages and gives them back, byte for byte (TLS: %s)',
    async (security) => {
      await using other = await connectImap(options({ security }));
      expect(other.tls).toMatchObject({ verified: true });
      const texts = [PLAIN, PARTS, LARGE];
      for (const text of texts) {
        const bytes = Buffer.from(text);
        const chunks = async function* () {
          for (let at = 0; at < bytes.byteLength; at += 70_001) yield bytes.subarray(at, at + 70_001);
        };
        const at = await other.append(
          box,
          { bytes: bytes.byteLength, chunks: chunks() },
          { flags: ['\\Seen', '$Note'] },
        );
        expect(at?.uid).toBeGreaterThan(0);
      }
      expect(await other.select(box)).toMatchObject({ messages: 3, isReadOnly: false });
      for (const [at, text] of texts.entries()) {
        const bytes = await other.download(at + 1);
        expect(digest(bytes)).toBe(digest(text));
      }
      // By pieces, of which the first alone is wanted.
      const first = await other.retrieve(3, async (pieces) => {
        for await (const piece of pieces) return Buffer.from(piece).toString('latin1', 0, 4);
        return '';
      });
      expect(first).toBe('From');
      expect(Buffer.from(await other.download(3, { range: { from: 6, bytes: 13 } })).toString()).toBe('c@example.com');
    },
  );

  it('tells what messages are', async () => {
    const uids = await filled();
    const [plain, parts] = await client.fetch(uids, {
      flags: true,
      bytes: true,
      receivedAt: true,
      envelope: true,
      structure: true,
      headers: ['X-Note', 'Subject'],
      modSeq: true,
    });
    expect(plain).toMatchObject({
      uid: uids[0],
      bytes: PLAIN.length,
      envelope: { subject: 'one', from: [{ name: 'Anna', address: 'anna@example.com' }], cc: [] },
      structure: { section: '1', type: 'text/plain', parts: [] },
    });
    expect(Math.abs((plain?.receivedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(600_000);
    expect(plain?.modSeq).toBeGreaterThan(0n);
    expect(Buffer.from(plain?.headers ?? []).toString()).toBe('Subject: one\r\nX-Note: a\r\n\r\n');
    expect(parts?.envelope).toMatchObject({ subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', messageId: '<2@example.com>' });
    expect(parts?.structure).toMatchObject({
      type: 'multipart/mixed',
      parameters: { boundary: 'b' },
      parts: [
        { section: '1', type: 'text/plain', parameters: { charset: 'utf-8' } },
        {
          section: '2',
          type: 'application/octet-stream',
          encoding: 'base64',
          filename: 'a "b".bin',
          disposition: 'attachment',
        },
      ],
    });
    const blob = await client.download(uids[1] ?? 0, { section: '2' });
    expect(Buffer.from(blob).toString()).toBe('AAECAwQFBgcICQ==');
    await expect(client.download(9_999)).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' });
    const seen: number[] = [];
    await client.fetchEach({ from: 1, to: '*' }, { bytes: true }, async ({ uid }) => void seen.push(uid));
    expect(seen).toEqual(uids);
  });

  it('finds what is looked for, also in texts that are not ASCII or look like commands', async () => {
    const [first = 0, second = 0, third = 0] = await filled();
    expect(await client.search({})).toEqual([first, second, third]);
    expect(await client.search({ body: 'grüße aus köln' })).toEqual([second]);
    expect(await client.search({ subject: 'Grüße' })).toEqual([second]);
    expect(await client.search({ header: ['X-Note', ''] })).toEqual([first]);
    expect(await client.search({ largerThan: 100_000, since: '2020-01-01' })).toEqual([third]);
    expect(await client.search({ not: { largerThan: 100_000 }, isSeen: false })).toEqual([first, second]);
    expect(await client.search({ anyOf: [{ subject: 'one' }, { subject: 'large' }, { from: 'nobody' }] })).toEqual([
      first,
      third,
    ]);
    expect(await client.search({ uids: [second, third], text: 'large' })).toEqual([third]);
    expect(await client.search({ text: '"\r\nA9 LOGOUT\r\n' })).toEqual([]);
    expect(await client.search({ from: 'a" ALL' })).toEqual([]);
    expect(await client.search({ sentOn: '2026-11-22' })).toEqual([second]);
  });

  it('keeps flags, and tells of changes that came in between', async () => {
    const [first = 0, second = 0] = await filled();
    expect(await client.store([first, second], { action: 'add', flags: ['\\Flagged', '$Work'] })).toEqual([]);
    const flagsOf = async (uid: number): Promise<readonly string[]> =>
      (await client.fetch(uid, { flags: true }))[0]?.flags?.filter((flag) => flag !== '\\Recent').toSorted() ?? [];
    expect(await flagsOf(first)).toEqual(['$Work', '\\Flagged']);
    await client.store(first, { action: 'remove', flags: ['\\Flagged'] });
    expect(await flagsOf(first)).toEqual(['$Work']);
    await client.store(first, { action: 'replace', flags: ['\\Seen'] });
    expect(await flagsOf(first)).toEqual(['\\Seen']);
    expect(await client.search({ keyword: '$Work' })).toEqual([second]);
    const { highestModSeq } = await client.status(box);
    await client.store(second, { action: 'add', flags: ['\\Answered'] });
    const since = highestModSeq ?? 0n;
    const changed = await client.fetch({ from: 1, to: '*' }, { flags: true, changedSince: since });
    expect(changed.map(({ uid }) => uid)).toEqual([second]);
    const change = { action: 'add', flags: ['\\Draft'], unchangedSince: since } as const;
    expect(await client.store([first, second], change)).toEqual([second]);
  });

  it('opens a mailbox again, and is told what has happened meanwhile (QRESYNC)', async () => {
    const [first = 0, second = 0, third = 0] = await filled();
    const { uidValidity, highestModSeq } = await client.select(box);
    const known = { uidValidity: uidValidity ?? 0, modSeq: highestModSeq ?? 0n };
    expect(await client.resume(box, known)).toMatchObject({ isSame: true, changed: [], vanished: [] });

    await using other = await connectImap(options());
    await other.select(box);
    await other.store(second, { action: 'add', flags: ['\\Flagged'] });
    await other.store(first, { action: 'add', flags: ['\\Deleted'] });
    await other.expunge(first);
    const fourth = (await other.append(box, Buffer.from(PLAIN)))?.uid ?? 0;

    const found = await client.resume(box, { ...known, uids: [first, second, third] });
    expect(found).toMatchObject({ isSame: true, mailbox: { messages: 3 } });
    expect(found.vanished).toEqual([{ from: first, to: first }]);
    const changed = new Map(found.changed.map(({ uid, flags }) => [uid, flags]));
    expect(changed.get(second)).toContain('\\Flagged');
    expect(changed.has(third)).toBe(false);
    expect(found.mailbox.highestModSeq).toBeGreaterThan(known.modSeq);

    expect(await client.changes(found.mailbox.highestModSeq ?? 0n)).toEqual({ changed: [], vanished: [] });
    const since = await client.changes(known.modSeq);
    expect(since.changed.map(({ uid }) => uid)).toEqual([second, fourth]);
    expect(since.vanished).toEqual([{ from: first, to: first }]);

    expect(await client.resume(box, { ...known, uidValidity: known.uidValidity + 1 })).toMatchObject({
      isSame: false,
      vanished: [],
    });
    const watching = createScope();
    const events: ImapEvent[] = [];
    const idling = client.idle((event) => events.push(event), watching);
    await other.store(third, { action: 'add', flags: ['\\Deleted'] });
    await other.expunge(third);
    await eventually(async () => events.find(({ type }) => type === 'vanished'), 'what is gone');
    expect(events).toContainEqual({ type: 'vanished', uids: [{ from: third, to: third }] });
    watching.end();
    await idling;
    expect(client.mailbox?.messages).toBe(2);
  });

  it('copies, moves and removes', async () => {
    const [first = 0, second = 0, third = 0] = await filled();
    const target = `${box}/tief`.replace('/', '.');
    await client.create(target);
    const [copied] = await client.copy([first, third], target);
    expect(copied).toMatchObject({ from: [first, third], to: [1, 2] });
    const [moved] = await client.move(second, target);
    expect(moved).toMatchObject({ from: [second], to: [3] });
    expect(client.mailbox?.messages).toBe(2);
    await client.store([first, third], { action: 'add', flags: ['\\Deleted'] });
    await client.expunge(first);
    expect(await client.search({})).toEqual([third]);
    await client.expunge();
    expect(client.mailbox?.messages).toBe(0);
    expect(await client.status(target)).toMatchObject({ messages: 3, uidNext: 4 });
    await expect(client.copy(1, 'nowhere')).resolves.toEqual([]);
    await client.append(box, Buffer.from(PLAIN));
    await client.noop();
    const uid = (await client.search({}))[0] ?? 0;
    await expect(client.copy(uid, 'nowhere')).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' });
    expect(client.state).toBe('open');
  });

  it('has folders, whose names are what people write', async () => {
    const renamed = `台北 & ~peter ${made}`;
    await client.rename(box, renamed);
    await client.subscribe(renamed);
    const listed = await client.list();
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(['INBOX', renamed]));
    expect((await client.list('台北*')).length).toBeGreaterThan(0);
    await client.unsubscribe(renamed);
    await client.delete(renamed);
    expect((await client.list()).map(({ name }) => name)).not.toContain(renamed);
    await expect(client.select(renamed)).rejects.toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'NO' } });
    expect(client.mailbox).toBe(null);
    expect(await client.examine('INBOX')).toMatchObject({ isReadOnly: true });
    expect((await client.identify()).get('name')).toBe('Dovecot');
    expect((await client.namespaces()).personal).toHaveLength(1);
  });

  it('tells by IDLE what others do, until it is no longer wanted', async () => {
    const uids = await filled();
    const scope = createScope();
    const events: ImapEvent[] = [];
    const idling = client.idle((event) => events.push(event), scope);
    await using other = await connectImap(options());
    await other.append(box, Buffer.from(PLAIN));
    await eventually(async () => events.find(({ type }) => type === 'exists'), 'the new message');
    expect(events).toContainEqual({ type: 'exists', messages: 4 });
    await other.select(box);
    await other.store(uids[0] ?? 0, { action: 'add', flags: ['\\Flagged'] });
    await eventually(
      async () => events.find((event) => event.type === 'flags' && event.flags.includes('\\Flagged')),
      'the flag',
    );
    await other.store(uids[1] ?? 0, { action: 'add', flags: ['\\Deleted'] });
    await other.expunge();
    await eventually(async () => events.find(({ type }) => type === 'expunged'), 'the removal');
    expect(events).toContainEqual({ type: 'expunged', number: 2 });
    scope.end();
    await idling;
    expect(client.mailbox?.messages).toBe(3);
    expect(await client.search({ isFlagged: true })).toEqual([uids[0]]);
    const again = client.idle(() => {});
    expect(await client.drain()).toMatchObject({ cut: 0 });
    await again;
  });

  it('says nothing in the clear, nothing to whom it does not trust, and no wrong password twice', async () => {
    const clear = connectImap(options({ security: 'off', port: dovecot.imapPort }));
    await expect(clear).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    await expect(connectImap(options({ tls: {} }))).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
    const wrong = connectImap(options({ login: { ...USER, password: 'wrong' } }));
    await expect(wrong).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED', phase: 'authenticate' });
    expect(await wrong.catch(String)).not.toContain('wrong');
  });

  it.skipIf(!isInstalled('curl'))('shows curl what was put in by our client', async () => {
    await filled();
    await client.append('INBOX', Buffer.from(LARGE));
    const ca = join(dovecot.folder, 'authority.pem');
    await writeFile(ca, dovecot.ca);
    const { stdout } = await run(
      'curl',
      [
        '--silent',
        '--show-error',
        '--cacert',
        ca,
        '--user',
        `${USER.user}:${USER.password}`,
        `imaps://localhost:${dovecot.imapTlsPort}/INBOX;UID=1`,
      ],
      { encoding: 'latin1', maxBuffer: 67_108_864 },
    );
    expect(digest(stdout)).toBe(digest(LARGE));
  });
});
