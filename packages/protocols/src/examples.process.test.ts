import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { createRuntime, type Listener } from '@roundhouse/net';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type PeerProcess,
  startPeer,
} from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpClient, serveHttp, text } from './http/index.ts';
import { playMailbox as playImap } from './imap/mailbox.fixture.ts';
import { ScriptedPeer } from './mail/scriptedPeer.fixture.ts';
import { buildMessage } from './mime/index.ts';
import { playMailbox as playPop3 } from './pop3/mailbox.fixture.ts';
import { connectWebSocket, webSocketHook } from './websocket/index.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples/net');
const PATIENCE_MS = 30_000;

let folder: string;
let parts: AsyncDisposableStack;
const scope = createScope();
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-example-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
});
afterEach(() => parts.disposeAsync());

async function start(name: string, ...args: readonly string[]): Promise<PeerProcess> {
  const file = join(EXAMPLES, `${name}.ts`);
  return parts.use(await startPeer(process.execPath, ['--conditions=source', file, ...args]));
}

/** Runs it to its end, which has to be a good one; gives what it has printed. */
async function run(name: string, ...args: readonly string[]): Promise<string> {
  const example = await start(name, ...args);
  await example.exitWithin(PATIENCE_MS);
  expect(example.exit, example.output).toEqual({ code: 0, signal: null });
  return example.output;
}

/** Waits until it has printed something; gives what a group of the pattern matches. */
async function printed(peer: PeerProcess, pattern: RegExp): Promise<string> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && peer.exit === undefined; waitedMs += 20) {
    const found = pattern.exec(peer.output);
    if (found !== null) return found[1] ?? '';
    await scope.sleep(20);
  }
  throw peer.failure(`it did not print ${pattern}`);
}

/** As Ctrl-C does; it has to end well. */
async function interrupt(peer: PeerProcess): Promise<void> {
  process.kill(peer.pid, 'SIGINT');
  await peer.exitWithin(PATIENCE_MS);
  expect(peer.exit, peer.output).toEqual({ code: 0, signal: null });
}

describe('a program of its own', () => {
  it.each([
    ['httpPool', '100 answers, the last is "answer 99"\n4 connections\ndrained: 0 finished meanwhile, 0 cut\n'],
    ['httpDownload', '0 %\n25 %\n50 %\n75 %\n100 %\n4194304 bytes on the disk\ngiven up: CANCELLED\n'],
    ['httpUpload', '201 file-1\n413 HTTP_BODY_TOO_LARGE\nfile-1\n'],
    ['http2Streams', 'at once, with u=0\n50 others, the last is 49 by 2\n1 connection\n'],
    ['http2Duplex', 'ONE\nTWO\nTHREE\n'],
    [
      'wsHttp2',
      'a page over 1.1\n6000 characters back over 1.1, compressed\nclosed with 1000\n' +
        'a page over 2\n6000 characters back over 2, compressed\nclosed with 1000\n',
    ],
    [
      'dnsService',
      '10 web.lab.test, 20 backup.lab.test\nhello from web.lab.test\n3 answers kept, 0 of 3 look-ups from them\n',
    ],
    ['mailMany', '50 taken, 50 recipients refused: 550 5.0.0 not here\nfew connections\n'],
    ['mailPolicy', 'taken from anna: a message\nPEER_LOGIN_REFUSED 535\nPEER_REFUSED 553\nPEER_REFUSED SIZE\n'],
    ['policyRetry', 'at last with call 3\nPOST: TIMEOUT after 1 call\n'],
    [
      'policyBreaker',
      'CONNECT_REFUSED\nCONNECT_REFUSED\nclosed -> open\nCONNECT_REFUSED\nBREAKER_OPEN\nBREAKER_OPEN\n' +
        'open -> half_open\nhalf_open -> closed\nhere again\n',
    ],
    ['policyBulkhead', '8 done, 2 refused, at most 3 at a time\n'],
    ['poolBalanced', '9 answers from a b c\n9 answers from a c\n'],
    ['poolLines', 'ONE TWO THREE FOUR FIVE\n2 connections, 2 idle, 0 in use\ncut by the drain: 0\n'],
  ])('%s does what it says', async (name, output) => {
    expect(await run(name)).toBe(output);
  });
});

describe('programs that serve', () => {
  it('chatPage shows a page, and tells all what one says', async () => {
    const chat = await start('chatPage', '0');
    const url = await printed(chat, /on (http:\S+)/);
    await using client = createHttpClient();
    expect(await (await client.get(url, scope)).body.text()).toContain('<title>Chat</title>');
    const join = () => connectWebSocket({ url: `${url.replace('http', 'ws')}chat` }, scope);
    const [first, second] = [await join(), await join()];
    expect(await first.receive(scope)).toBe('guest 1 is here');
    expect(await first.receive(scope)).toBe('guest 2 is here');
    expect(await second.receive(scope)).toBe('guest 2 is here');
    await first.send('hello', scope);
    expect(await second.receive(scope)).toBe('guest 1: hello');
    const ended = second.ended;
    await interrupt(chat);
    expect((await ended).code).toBe(1001);
    expect(chat.output).toContain('over, after 2 guests');
  });

  it('sseClock tells the time, and sseFollow goes on with another clock on the same port', async () => {
    const clock = await start('sseClock', '0');
    const url = await printed(clock, /on (http:\S+)/);
    const follower = await start('sseFollow', url, '3');
    await printed(follower, /tick: 2\d\d\d-/);
    await interrupt(clock);
    await printed(follower, /again in \d+ ms/);
    await start('sseClock', new URL(url).port);
    await follower.exitWithin(PATIENCE_MS);
    expect(follower.exit, follower.output).toEqual({ code: 0, signal: null });
    expect(follower.output.match(/tick: /g)).toHaveLength(3);
  });

  it('dnsPrivate answers the same by all ways', async () => {
    const authority = createCertificateAuthority();
    const files = await written(authority);
    expect(await run('dnsPrivate', ...files)).toBe(
      'udp: 192.0.2.7\ntcp: 192.0.2.7\ntls: 192.0.2.7\nhttps: 192.0.2.7\n',
    );
  });

  it('proxyPorts tells TLS, HTTP and others apart, and leaves out who is gone', async () => {
    const authority = createCertificateAuthority();
    const tls = authority.issue();
    const upgrade = webSocketHook({}, async (connection) => {
      for await (const message of connection) await connection.send(`${String(message)}!`, connection.scope);
    });
    const servers = await Promise.all(['a', 'b'].map((name) => serveHttp({ upgrade }, () => text(name))));
    const secure = await serveHttp({ tls }, ({ version }) => text(`secure ${version}`));
    for (const server of [...servers, secure]) parts.use(server);
    // It speaks first, as servers of mail do.
    const raw = createServer((socket) => void socket.end('220 ready\r\n'));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    parts.defer(() => void raw.close());
    const address = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
    const proxy = await start(
      'proxyPorts',
      '0',
      `tls=${address(secure)}`,
      `http=${servers.map(address).join(',')}`,
      `raw=${address(raw.address() as { readonly port: number })}`,
    );
    const port = Number(await printed(proxy, /on 127\.0\.0\.1:(\d+)/));

    const answerOf = async (url: string): Promise<string> => {
      // Each with a connection of its own, which goes where it goes.
      await using client = createHttpClient({ tls: { ca: authority.cert } });
      return (await client.get(url, scope)).body.text();
    };
    expect(await answerOf(`https://localhost:${port}/`)).toBe('secure 2');
    const plain = `http://127.0.0.1:${port}/`;
    expect(['a', 'b']).toContain(await answerOf(plain));
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}/` }, scope);
    await socket.send('hello', scope);
    expect(await socket.receive(scope)).toBe('hello!');
    await socket.close(1000);

    const transport = await createRuntime().dialer.dial({ host: '127.0.0.1', port }, scope);
    const greeting = await new Promise<string>((resolve) => {
      transport.stream.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      transport.stream.resume();
    });
    expect(greeting).toBe('220 ready\r\n');
    transport.stream.destroy();

    await servers[0]?.drain();
    for (let count = 0; count < 6; count += 1) expect(await answerOf(plain)).toBe('b');
    await interrupt(proxy);
    expect(proxy.output).toMatch(/ http -> 127[^]* raw -> 127[^]*ended with 0 open/);
  });
});

describe('programs for mail', () => {
  const LETTER = 'From: a@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n';

  async function mailServer(play: (peer: ScriptedPeer) => Promise<void>): Promise<{ listener: Listener; ca: string }> {
    const authority = createCertificateAuthority();
    const [, , ca = ''] = await written(authority);
    process.env['MAIL_PASSWORD'] = 'hunter2';
    const options = { host: '127.0.0.1', port: 0, tls: authority.issue() };
    const listener = await createRuntime().listen(options, (transport) => {
      play(new ScriptedPeer(transport)).catch(() => {});
    });
    parts.defer(() => listener.closeAll());
    return { listener, ca };
  }

  it('mimeShow shows the parts of a message, and refuses what is none within its bounds', async () => {
    const { bytes } = await buildMessage(
      {
        from: { name: 'Grüße GmbH', address: 'a@example.com' },
        to: ['b@example.com'],
        subject: 'Für dich ✓',
        text: 'hello',
        html: '<p>hello</p>',
        attachments: [{ filename: 'a.csv', content: '1,2' }],
      },
      { clock: createRuntime().clock },
    );
    await writeFile(join(folder, 'a.eml'), bytes);
    expect(await run('mimeShow', join(folder, 'a.eml'))).toBe(
      'from Grüße GmbH <a@example.com> to b@example.com\nsubject: Für dich ✓\n' +
        'text: hello, and HTML\nattached: a.csv (text/csv, 3 bytes)\n',
    );
    await writeFile(join(folder, 'b.eml'), `Subject: x\r\n\r\n${'--\r\n'.repeat(20_000)}`);
    const refused = await start('mimeShow', join(folder, 'b.eml'));
    await refused.exitWithin(PATIENCE_MS);
    expect([refused.output, refused.exit?.code]).toEqual(['MIME_LIMIT_EXCEEDED\n', 1]);
  });

  it('popSizes shows sizes and subjects; popBackup takes what is new, once', async () => {
    const { listener, ca } = await mailServer((peer) => playPop3(peer, { messages: [LETTER, LETTER] }));
    const place = ['127.0.0.1', String(listener.port), 'anna'];
    expect(await run('popSizes', ...place, ca)).toBe('2 messages, 128 bytes\n1 64 Grüße\n2 64 Grüße\n');
    const backup = await mkdtemp(join(folder, 'backup-'));
    expect(await run('popBackup', ...place, backup, ca)).toBe('2 new\n');
    expect(await run('popBackup', ...place, backup, ca)).toBe('0 new\n');
    const [name = ''] = await readdir(backup);
    expect(await readFile(join(backup, name), 'utf8')).toBe(LETTER);
  });

  it('mailboxes lists them; mailArchive takes old messages away when they are on the disk', async () => {
    const heard: string[] = [];
    const { listener, ca } = await mailServer((peer) =>
      playImap(peer, {
        messages: [LETTER, LETTER],
        answers: {
          LIST: (tag) =>
            peer.say('* LIST (\\Noselect) "/" "Lists"', '* LIST () "/" INBOX', '* LIST (\\Sent) "/" Sent', `${tag} OK`),
          STATUS: (tag, line) => {
            const count = line.includes('INBOX') ? 2 : 0;
            const [, name = ''] = /STATUS ("?\w+"?)/.exec(line) ?? [];
            peer.say(`* STATUS ${name} (MESSAGES ${count} UNSEEN ${count / 2})`, `${tag} OK`);
          },
          UID: (tag, line) => {
            heard.push(line.slice(tag.length + 1));
            const [, uid] = /UID FETCH (\d+)/.exec(line) ?? [];
            if (line.includes('SEARCH')) peer.say('* SEARCH 10 20');
            if (uid !== undefined) {
              peer.write(`* ${Number(uid) / 10} FETCH (UID ${uid} BODY[] {${LETTER.length}}\r\n${LETTER})\r\n`);
            }
            peer.say(`${tag} OK`);
          },
        },
      }),
    );
    const place = ['127.0.0.1', String(listener.port), 'anna'];
    expect(await run('mailboxes', ...place, ca)).toBe('INBOX: 2 messages, 1 unread\nSent: 0 messages, 0 unread\n');
    const archive = await mkdtemp(join(folder, 'archive-'));
    expect(await run('mailArchive', ...place, 'INBOX', '2026-01-31', archive, ca)).toBe(
      '7-10.eml\n7-20.eml\n2 archived\n',
    );
    expect((await readdir(archive)).toSorted()).toEqual(['7-10.eml', '7-20.eml']);
    expect(await readFile(join(archive, '7-10.eml'), 'utf8')).toBe(LETTER);
    expect(heard.filter((line) => line.includes('STORE'))).toHaveLength(2);
  });
});

/** Certificate, key and authority as files. */
async function written(authority: CertificateAuthority): Promise<readonly string[]> {
  const { cert, key } = authority.issue();
  const files = { 'cert.pem': cert, 'key.pem': key, 'ca.pem': authority.cert };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return Object.keys(files).map((name) => join(folder, name));
}
