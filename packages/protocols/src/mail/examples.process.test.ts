import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRuntime } from '@roundhouse/net';
import { createCertificateAuthority, eventually, freePort, type PeerProcess, startPeer } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMessage } from '../mime/index.ts';
import { playMailbox as playImap } from '../imap/mailbox.fixture.ts';
import { playMailbox } from '../pop3/mailbox.fixture.ts';
import { ScriptedPeer } from './scriptedPeer.fixture.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/net/', import.meta.url));

let folder: string;
let running: PeerProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-mail-example-'));
});
afterEach(async () => {
  await Promise.all(running.map((peer) => peer.close()));
  running = [];
  await rm(folder, { recursive: true, force: true });
});

async function start(name: string, ...args: readonly string[]): Promise<PeerProcess> {
  const peer = await startPeer(process.execPath, ['--conditions=source', join(EXAMPLES, `${name}.ts`), ...args]);
  running.push(peer);
  return peer;
}

async function run(name: string, ...args: readonly string[]): Promise<string> {
  const peer = await start(name, ...args);
  const { code } = await peer.exited;
  expect(code, peer.output).toBe(0);
  return peer.output;
}

async function startReceiver(): Promise<{ readonly port: string; readonly peer: PeerProcess }> {
  const peer = await start('mailReceiver', join(folder, 'boxes'));
  const port = await eventually(async () => {
    if (peer.exit !== undefined) throw peer.failure('it ended');
    return /listening on (\d+)/.exec(peer.output)?.[1];
  }, 'the port');
  return { port, peer };
}

async function received(user: string): Promise<Buffer[]> {
  const box = join(folder, 'boxes', user, 'new');
  const names = await readdir(box).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(box, name))));
}

describe('the examples of mail', () => {
  it('a digest arrives at the receiver, signed; the receiver ends well', async () => {
    const { port, peer } = await startReceiver();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const key = join(folder, 'key.pem');
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(await run('mailDigest', '127.0.0.1', port, 'anna@example.com', key)).toContain('taken for 1, refused for 0');
    const [file] = await received('anna');
    const message = await parseMessage(file as Buffer);
    expect(message).toMatchObject({
      from: { name: 'Roundhouse · Betrieb' },
      attachments: [{ filename: 'workers.csv' }],
    });
    expect(message.headers.map(({ name }) => name)).toEqual(expect.arrayContaining(['Received', 'DKIM-Signature']));
    await peer.close(10_000);
    expect(peer.exit).toEqual({ code: 0, signal: null });
    expect(peer.output).toContain('finished');
  });

  it('what is queued is given up for a stranger, waits while nobody listens, and arrives later', async () => {
    const queue = join(folder, 'queue');
    const closed = String(await freePort());
    expect(await run('mailQueue', queue, '127.0.0.1', closed, 'bert@example.com')).toMatch(
      /waits: 451 .*refused the connection/,
    );
    const { port } = await startReceiver();
    const output = await run('mailQueue', queue, '127.0.0.1', port, 'bert@example.com', 'x@example.net');
    expect(output).toMatch(/is given up for x@example\.net: 5\.1\.1/);
    // The first one is not due yet: it is still there.
    expect((await readdir(join(queue, 'messages'))).filter((name) => name.endsWith('.eml'))).toHaveLength(1);
    expect(await received('bert')).toHaveLength(1);
  });

  it('a mailbox is shown and emptied', async () => {
    const authority = createCertificateAuthority();
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, authority.cert);
    const peers: ScriptedPeer[] = [];
    const listener = await createRuntime().listen(
      { host: '127.0.0.1', port: 0, tls: authority.issue() },
      (transport) => {
        const peer = new ScriptedPeer(transport);
        peers.push(peer);
        playMailbox(peer, {
          messages: ['From: a@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n'],
        }).catch(() => {});
      },
    );
    process.env['MAIL_PASSWORD'] = 'hunter2';
    const output = await run('mailFetch', '127.0.0.1', String(listener.port), 'anna', ca);
    expect(output).toBe('a@example.com: Grüße (64 bytes, 0 attachments)\n');
    expect(peers[0]?.heard.slice(-2)).toEqual(['DELE 1', 'QUIT']);
    await listener.closeAll();
  });

  it('messages are searched, shown and flagged, and what comes in is told', async () => {
    const authority = createCertificateAuthority();
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, authority.cert);
    const heard: string[] = [];
    const listener = await createRuntime().listen(
      { host: '127.0.0.1', port: 0, tls: authority.issue() },
      (transport) => {
        const peer = new ScriptedPeer(transport);
        const answers = {
          UID: async (tag: string, line: string) => {
            heard.push(line.slice(tag.length + 1));
            if (line.includes('SEARCH')) {
              peer.say('+ go');
              expect(await peer.hear()).toBe('Grüße UNDELETED');
              peer.say('* SEARCH 20');
            }
            if (line.includes('FETCH')) {
              const envelope =
                'NIL "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=" ((NIL NIL "a" "example.com")) NIL NIL NIL NIL NIL NIL NIL';
              peer.say(`* 2 FETCH (UID 20 RFC822.SIZE 64 ENVELOPE (${envelope}))`);
            }
            peer.say(`${tag} OK`);
          },
          IDLE: async (tag: string) => {
            peer.say('+ idling', '* 4 EXISTS');
            await peer.hear();
            peer.say(`${tag} OK`);
          },
        };
        playImap(peer, { messages: ['a', 'b', 'c'], answers }).catch(() => {});
      },
    );
    process.env['MAIL_PASSWORD'] = 'hunter2';
    const output = await run('mailSearch', '127.0.0.1', String(listener.port), 'anna', 'INBOX', 'Grüße', ca, '1');
    expect(output).toBe('1 of 3\n20 a@example.com: Grüße (64 bytes)\n{"type":"exists","messages":4}\n');
    expect(heard.at(-1)).toBe('UID STORE 20 +FLAGS.SILENT (\\Flagged)');
    await listener.closeAll();
  });
});
