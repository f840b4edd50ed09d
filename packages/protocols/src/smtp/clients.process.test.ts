import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, Secret } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { createCertificateAuthority, isInstalled, startPeer } from '@roundhouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readWhole, serveSmtp, type SmtpHandlers } from './index.ts';

const KNOWN = new Secret('hunter2');
const MESSAGE = 'From: a@example.org\r\nSubject: hello\r\n\r\n.dot\r\n..\r\n\xe4\r\n';

interface Kept {
  readonly text: string;
  readonly to: readonly string[];
  readonly user: string | null;
  readonly isSecure: boolean;
}

/** What a program said, and how it ended. */
function run(command: string, args: readonly string[], input = ''): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

describe('our server and the clients of others', () => {
  const authority = createCertificateAuthority();
  const tls = authority.issue();
  const kept: Kept[] = [];
  let folder: string;
  let server: NetServer;
  let tlsServer: NetServer;
  const ca = (): string => join(folder, 'ca.pem');
  const file = (): string => join(folder, 'message.eml');

  const handlers: SmtpHandlers = {
    authenticate: (attempt) => attempt.user === 'anna' && attempt.matches(KNOWN),
    recipient: ({ address }) =>
      address.endsWith('@example.com') ? undefined : { code: 550, enhanced: '5.7.1', text: 'Relay denied' },
    message: async ({ recipients, text }, peer, scope) => {
      const whole = Buffer.from(await readWhole(text, scope)).toString('latin1');
      const to = recipients.map(({ address }) => address);
      kept.push({ text: whole, to, user: peer.user, isSecure: peer.tls !== null });
      return { code: 250, enhanced: '2.0.0', text: `kept as ${kept.length}` };
    },
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-smtp-'));
    await writeFile(ca(), authority.cert);
    await writeFile(file(), Buffer.from(MESSAGE, 'latin1'));
    const options = {
      hostname: 'localhost',
      mechanisms: ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const,
      requiresTls: true,
      requiresAuth: true,
      limits: { maxMessageBytes: 1_000_000 },
    };
    server = await serveSmtp({ ...options, startTls: tls }, handlers);
    tlsServer = await serveSmtp({ ...options, tls }, handlers);
  });
  beforeEach(() => void (kept.length = 0));
  afterAll(async () => {
    await server?.drain();
    await tlsServer?.drain();
    await rm(folder, { recursive: true, force: true });
  });

  describe.skipIf(!isInstalled('swaks'))('swaks', () => {
    const swaks = (...args: readonly string[]) =>
      run('swaks', ['--server', '127.0.0.1', '--port', String(server.port), '--from', 'a@example.org', ...args]);
    it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('sends over STARTTLS with %s', async (mechanism) => {
      const login = ['--auth', mechanism, '--auth-user', 'anna', '--auth-password', 'hunter2'];
      const to = ['--to', 'b@example.com,c@example.com', '--data', '@'.concat(file())];
      const { code, output } = await swaks('--tls', ...login, ...to);
      expect(code, output).toBe(0);
      expect(output).toContain('250 2.0.0 kept as 1');
      expect(kept).toMatchObject([{ to: ['b@example.com', 'c@example.com'], user: 'anna', isSecure: true }]);
      expect(kept[0]?.text).toContain('\r\n\r\n.dot\r\n..\r\n');
    });

    it('is refused without TLS, with a wrong password, and for a stranger', async () => {
      expect((await swaks('--to', 'b@example.com')).output).toContain('530 5.7.0');
      const wrong = await swaks(
        '--tls',
        '--auth',
        'PLAIN',
        '--auth-user',
        'anna',
        '--auth-password',
        'x',
        '--to',
        'b@example.com',
      );
      expect(wrong.output).toContain('535 5.7.8');
      const login = ['--tls', '--auth', 'PLAIN', '--auth-user', 'anna', '--auth-password', 'hunter2'];
      expect((await swaks(...login, '--to', 'b@example.net')).output).toContain('550 5.7.1 Relay denied');
      expect(kept).toEqual([]);
    });

    it('may send all its commands at once', async () => {
      const login = ['--tls', '--auth', 'PLAIN', '--auth-user', 'anna', '--auth-password', 'hunter2'];
      const { code, output } = await swaks('--pipeline', ...login, '--to', 'b@example.com');
      expect(code, output).toBe(0);
      expect(kept).toHaveLength(1);
    });
  });

  describe.skipIf(!isInstalled('curl'))('curl', () => {
    const curl = (url: string, ...args: readonly string[]) =>
      run('curl', [
        '--silent',
        '--show-error',
        '--cacert',
        ca(),
        '--mail-from',
        'a@example.org',
        '--mail-rcpt',
        'b@example.com',
        '--upload-file',
        file(),
        url,
        ...args,
      ]);
    it('sends over STARTTLS and over TLS from the first byte, byte for byte', async () => {
      const login = ['--user', 'anna:hunter2'];
      const plain = await curl(`smtp://localhost:${server.port}`, '--ssl-reqd', ...login);
      expect(plain).toEqual({ code: 0, output: '' });
      expect(await curl(`smtps://localhost:${tlsServer.port}`, ...login)).toEqual({ code: 0, output: '' });
      expect(kept.map(({ text }) => text)).toEqual([MESSAGE, MESSAGE]);
    });

    it('hears that a message is too large', async () => {
      await writeFile(join(folder, 'large.eml'), `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(20_000)}`);
      const large = ['--upload-file', join(folder, 'large.eml')];
      const args = [
        '--cacert',
        ca(),
        '--mail-from',
        'a@example.org',
        '--mail-rcpt',
        'b@example.com',
        '--user',
        'anna:hunter2',
      ];
      const { code, output } = await run('curl', [
        '--silent',
        '--show-error',
        ...args,
        ...large,
        `smtps://localhost:${tlsServer.port}`,
      ]);
      expect(code).not.toBe(0);
      expect(output).toContain('552');
    });
  });

  describe.skipIf(!isInstalled('python3'))('smtplib of Python', () => {
    it('sends over STARTTLS, several messages on one connection', async () => {
      const script = `
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with smtplib.SMTP('localhost', int(sys.argv[1])) as client:
    client.starttls(context=context)
    client.login('anna', 'hunter2')
    for number in range(3):
        refused = client.sendmail('a@example.org', ['b@example.com', 'x@example.net'], 'Subject: %d\\n\\n.dot\\n.\\n' % number)
        print(sorted(refused.items()))
    print(client.noop()[0], client.verify('a')[0], client.rset()[0])
`;
      const { code, output } = await run('python3', ['-', String(server.port), ca()], script);
      expect(code, output).toBe(0);
      expect(output.match(/x@example\.net', \(550, b'5\.7\.1 Relay denied'\)/g)).toHaveLength(3);
      expect(output).toContain('250 252 250');
      expect(kept.map(({ text }) => text)).toEqual([0, 1, 2].map((at) => `Subject: ${at}\r\n\r\n.dot\r\n.\r\n`));
    });
  });

  it('openssl s_client speaks TLS behind STARTTLS, with a certificate that is good', async () => {
    const args = [
      's_client',
      '-starttls',
      'smtp',
      '-connect',
      `127.0.0.1:${server.port}`,
      '-servername',
      'localhost',
      '-CAfile',
      ca(),
      '-verify_return_error',
      '-quiet',
      '-crlf',
    ];
    const peer = await startPeer('openssl', args);
    // -quiet leaves the answers of the server alone on the standard output.
    let said = '';
    peer.onOutput((text) => (said += text));
    peer.write('EHLO there.example\n');
    const scope = createScope({ timeoutMs: 20_000 });
    while (!said.includes('250 DSN')) await scope.race(new Promise((resolve) => setTimeout(resolve, 20)));
    expect(said).toContain('250-AUTH PLAIN LOGIN CRAM-MD5');
    expect(said).not.toContain('STARTTLS');
    peer.write('QUIT\n');
    await peer.exitWithin(5_000);
    expect(said).toContain('221 2.0.0');
    expect(peer.output).not.toContain('verify error');
  });
});
