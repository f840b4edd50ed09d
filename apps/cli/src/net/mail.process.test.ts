import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Dovecot,
  eventually,
  MAIL_USER,
  mailServersAvailable,
  type Postfix,
  startDovecot,
  startPostfix,
} from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../exit.ts';
import { run } from '../main.ts';

let folder: string;
let dovecot: Dovecot;
let postfix: Postfix;
let ca: { readonly postfix: string; readonly dovecot: string };

async function cli(...argv: ReadonlyArray<string | readonly string[]>) {
  let stdout = '';
  let stderr = '';
  const code = await run(['net', 'mail', ...argv.flat()], {
    version: '1',
    env: { ROUNDHOUSE_MAIL_PASSWORD: MAIL_USER.password },
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stop: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

describe.skipIf(!mailServersAvailable())('net mail with Postfix and Dovecot', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-mail-'));
    dovecot = await startDovecot();
    postfix = await startPostfix(dovecot.authSocket);
    ca = { postfix: join(folder, 'postfix.pem'), dovecot: join(folder, 'dovecot.pem') };
    await writeFile(ca.postfix, postfix.ca);
    await writeFile(ca.dovecot, dovecot.ca);
  });
  afterAll(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await dovecot?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['smtp', 'smtps'])('sends over %s, logged in, with an attachment and a signature', async (scheme) => {
    const key = join(folder, 'dkim.pem');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const note = join(folder, 'note.txt');
    await writeFile(note, 'see attached');
    const port = scheme === 'smtp' ? postfix.port : postfix.tlsPort;
    const subject = `over ${scheme}`;
    const { code, stdout, stderr } = await cli(
      ['send', '--url', `${scheme}://${MAIL_USER.user}@127.0.0.1:${port}`, '--ca', ca.postfix],
      ['--server-name', 'localhost', '--from', 'Anna <anna@example.com>', '--to', 'anna@example.com'],
      ['--subject', subject, '--text', 'hello', '--attach', note, '--dkim', `example.com:s1:${key}`, '--json'],
    );
    expect([code, stderr]).toEqual([EXIT.Ok, '']);
    const sent = JSON.parse(stdout);
    expect(sent).toMatchObject({ outcome: 'ok', tls: 'TLSv1.3', accepted: [{ address: 'anna@example.com' }] });
    expect(sent.phases.map(({ name }: { name: string }) => name)).toEqual(['connect', 'greeting', 'send', 'close']);
    const text = await eventually(
      async () => (await postfix.delivered()).map(String).find((each) => each.includes(`Subject: ${subject}`)),
      'the delivery',
    );
    expect(text).toMatch(/^DKIM-Signature: .*s=s1/ms);
    expect(text).toContain('note.txt');
    expect(text).toContain(sent.message_id);
  });

  it('is told by a code who may not log in, and when', async () => {
    const { code, stdout } = await cli(
      ['send', '--url', `smtp://eve@127.0.0.1:${postfix.port}`, '--ca', ca.postfix, '--server-name', 'localhost'],
      ['--from', 'eve@example.com', '--to', 'anna@example.com', '--json'],
    );
    expect(code).toBe(EXIT.Failure);
    expect(JSON.parse(stdout)).toMatchObject({
      phases: [{ name: 'connect' }, { name: 'greeting', ok: false, code: 'PEER_LOGIN_REFUSED' }],
      error: { code: 'PEER_LOGIN_REFUSED' },
    });
  });

  it.each(['imaps', 'imap', 'pop3s', 'pop3'] as const)('lists and fetches over %s', async (scheme) => {
    for (const [name, subject] of [
      ['1.a', 'first'],
      ['2.b', '=?utf-8?q?zw=C3=B6lf?='],
    ] as const) {
      const head = `From: Bert <bert@example.org>\nTo: anna@example.com\nSubject: ${subject}\nDate: Sun, 1 Feb 2026 10:00:00 +0000\n`;
      await writeFile(
        join(dovecot.maildir, 'new', name),
        `${head}Message-ID: <${name}@example.org>\n\nbody of ${name}\n`,
      );
    }
    await dovecot.handOver();
    const { port, tlsPort, imapPort, imapTlsPort } = dovecot;
    const at = { imaps: imapTlsPort, imap: imapPort, pop3s: tlsPort, pop3: port }[scheme];
    const url = `${scheme}://${MAIL_USER.user}@127.0.0.1:${at}/`;
    const trust = ['--ca', ca.dovecot, '--server-name', 'localhost'];

    const listed = await cli('list', url, trust, '--json');
    expect([listed.code, listed.stderr]).toEqual([EXIT.Ok, '']);
    const { messages, total } = JSON.parse(listed.stdout);
    expect(total).toBe(messages.length);
    const found = messages.find(({ subject }: { subject: string }) => subject === 'zwölf');
    expect(found).toMatchObject({ from: 'bert@example.org', bytes: expect.any(Number) });
    const one = await cli('list', url, trust, '--limit', '1');
    expect(one.stdout).toMatch(/: 1 of \d+ messages\n\nMESSAGE +DATE +FROM +SUBJECT +BYTES +FLAGS\n\d+ /);

    const fetched = await cli('fetch', url, String(found.message), trust);
    expect([fetched.code, fetched.stderr]).toEqual([EXIT.Ok, '']);
    expect(fetched.stdout).toMatch(/^subject +zwölf$/m);
    expect(fetched.stdout).toContain('body of 2.b');
    const file = join(folder, `${scheme}.eml`);
    expect((await cli('fetch', url, String(found.message), trust, '-o', file)).code).toBe(EXIT.Ok);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^From: Bert .*body of 2\.b\r\n$/s);
    const again = await cli('fetch', url, String(found.message), trust, '-o', file);
    expect([again.code, again.stderr]).toEqual([EXIT.Usage, expect.stringContaining('EEXIST')]);

    const none = await cli('fetch', url, '4000', trust, '--json');
    expect([EXIT.NotFound, EXIT.Failure]).toContain(none.code);
    expect(JSON.parse(none.stdout).phases.at(-2)).toMatchObject({ ok: true });
    expect(JSON.parse(none.stdout).phases.at(-1)).toMatchObject({ name: 'fetch', ok: false });
  });
});
