import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, systemClock } from '@roundhouse/core';
import { createRuntime, type NetServer } from '@roundhouse/net';
import { parseMessage } from '@roundhouse/protocols/mime';
import { readWhole, serveSmtp } from '@roundhouse/protocols/smtp';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer, type MailerOptions } from './mailer.ts';

const authority = createCertificateAuthority();
let folder = '';
let server: NetServer;
const received: { readonly user: string | null; readonly isSecure: boolean; readonly bytes: Uint8Array }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-mailer-'));
  writeFileSync(join(folder, 'ca.pem'), authority.cert);
  server = await serveSmtp(
    { hostname: 'mx.example', startTls: authority.issue(), requiresAuth: true },
    {
      authenticate: ({ user, secret }) => user === 'gate' && secret?.reveal() === 'let me in',
      recipient: () => undefined,
      message: async (message, peer, scope) => {
        received.push({ user: peer.user, isSecure: peer.tls !== null, bytes: await readWhole(message.text, scope) });
        return undefined;
      },
    },
  );
});
afterAll(async () => {
  await server.drain();
  rmSync(folder, { recursive: true });
});

function mailer(more: Partial<MailerOptions> = {}) {
  const options = {
    host: 'localhost',
    port: server.port,
    caFile: join(folder, 'ca.pem'),
    username: 'gate',
    password: 'secret://env/MAIL',
    from: 'gate@example.com',
    to: ['ops@example.com', 'night@example.com'],
    ...more,
  };
  const secrets = async (reference: string): Promise<string> => (reference === 'secret://env/MAIL' ? 'let me in' : '');
  return createMailer(options, { clock: systemClock, runtime: createRuntime(), secrets });
}

describe('a letter by mail', () => {
  it('reaches the server over TLS and logged in, in any script', async () => {
    await mailer()({ subject: '[gate] worker.failed Zürich', text: 'Es läuft nicht.\n.\nPunkt\n' }, createScope());
    expect(received).toHaveLength(1);
    const [letter] = received;
    expect(letter).toMatchObject({ user: 'gate', isSecure: true });
    const { subject, text, to } = await parseMessage(letter?.bytes ?? new Uint8Array());
    expect(subject).toBe('[gate] worker.failed Zürich');
    expect(text?.replaceAll('\r\n', '\n')).toContain('Es läuft nicht.\n.\nPunkt\n');
    expect(to?.map(({ address }) => address)).toEqual(['ops@example.com', 'night@example.com']);
  });

  it.each([
    ['the password is wrong', { password: 'guess' }, 'PEER_LOGIN_REFUSED'],
    ['nobody knows the authority', { caFile: '/dev/null' }, 'TLS_UNTRUSTED'],
    ['nothing listens', { port: 1 }, 'CONNECT_REFUSED'],
  ])('is not sent, with a code, when %s', async (_, more, code) => {
    const before = received.length;
    await expect(mailer(more)({ subject: 's', text: 't' }, createScope())).rejects.toMatchObject({ code });
    expect(received).toHaveLength(before);
  });

  it('leaves no file behind', () => {
    expect(readdirSync(folder)).toEqual(['ca.pem']);
    expect(readFileSync(join(folder, 'ca.pem'), 'utf8')).toContain('CERTIFICATE');
  });
});
