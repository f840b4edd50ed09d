import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { connectSmtp, serveSmtp, type SmtpClient, type SmtpHandlers } from './index.ts';
import { readWhole } from './incomingText.ts';
import type { Scope } from '@roundhouse/core';

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

const HANDLERS: SmtpHandlers = {
  authenticate: ({ user }) => user === 'anna',
  recipient: () => undefined,
  message: async ({ text }, _peer, scope) => void (await readWhole(text, scope)),
};
const MESSAGE = 'Subject: hello\r\n\r\n.a line with a dot\r\n';

function client(request: (session: SmtpClient, scope: Scope) => Promise<unknown>): ClientSubject {
  return {
    protocol: 'smtp',
    isExclusive: true,
    tlsModes: ['implicit', 'starttls'],
    secret: Buffer.from('\0anna\0hunter2').toString('base64'),
    async connect({ host, port, tls, timeouts }, scope, runtime) {
      const security = tls === undefined ? 'off' : tls.mode === 'implicit' ? 'implicit' : 'required';
      const session = await connectSmtp(
        {
          host,
          port,
          timeouts,
          security,
          auth: { user: 'anna', password: 'hunter2' },
          allowsClearCredentials: tls === undefined,
          acceptanceMs: timeouts.requestMs,
          ...(tls && { tls: tls.options }),
        },
        scope,
        runtime,
      );
      return { session, request: (own) => request(session, own) };
    },
    async startPeer({ tls }, runtime) {
      const server = await serveSmtp(
        {
          hostname: 'mail.example.com',
          allowsClearAuth: true,
          ...(tls?.mode === 'implicit' && { tls: tls.options }),
          ...(tls?.mode === 'starttls' && { startTls: tls.options }),
        },
        HANDLERS,
        runtime,
      );
      return { port: server.port, close: async () => server.abort() };
    },
  };
}

const requests = {
  'that asks for little': (session: SmtpClient, scope: Scope) => session.noop(scope),
  'that sends a message as a text': (session: SmtpClient, scope: Scope) =>
    session.send({ from: 'a@example.com', to: ['b@example.com'] }, MESSAGE, scope, { transfer: 'data' }),
  'that sends a message in pieces': (session: SmtpClient, scope: Scope) =>
    session.send({ from: 'a@example.com', to: ['b@example.com', 'c@example.com'] }, MESSAGE, scope),
};

describe.each(Object.entries(requests))('the contract of clients, held by that of SMTP %s', (_name, request) => {
  for (const { title, run } of clientContract(client(request), authority)) it(title, run);
});

const LIMITS = { maxMessageBytes: 1_048_576 };
const server = (dialogue: ServerSubject['dialogue']): ServerSubject => ({
  protocol: 'smtp',
  hasTls: true,
  serve: ({ limits, ...options }, runtime, scope) =>
    serveSmtp({ ...options, hostname: 'mail.example.com', limits: { ...limits, ...LIMITS } }, HANDLERS, runtime, scope),
  dialogue,
});

const OPENING = [
  { expect: /^220 mail\.example\.com ESMTP\r\n/ },
  { send: 'EHLO there.example.com\r\n', expect: /^250 DSN\r\n/m },
  { send: 'MAIL FROM:<a@example.com> SIZE=100\r\n', expect: /^250 2\.1\.0/ },
  { send: 'RCPT TO:<b@example.com>\r\n', expect: /^250 2\.1\.5/ },
];

describe('the contract of servers, held by that of SMTP', () => {
  const withData = server([
    ...OPENING,
    { send: 'DATA\r\n', expect: /^354/ },
    { send: 'Subject: hello\r\n\r\n..\r\nHello.\r\n.\r\n', expect: /^250 2\.6\.0/ },
    { send: 'NOOP\r\n', expect: /^250/ },
  ]);
  for (const { title, run } of serverContract(withData, authority)) it(title, run);
});

describe('the contract of servers, held by that of SMTP that is sent pieces', () => {
  const withPieces = server([
    ...OPENING,
    { send: 'BDAT 18\r\nSubject: hello\r\n\r\n', expect: /^250/ },
    { send: 'BDAT 8 LAST\r\nHello.\r\n', expect: /^250 2\.6\.0/ },
    { send: 'NOOP\r\n', expect: /^250/ },
  ]);
  for (const { title, run } of serverContract(withPieces, authority)) it(title, run);
});
