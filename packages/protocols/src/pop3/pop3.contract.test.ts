import type { Scope } from '@roundhouse/core';
import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { ScriptedPeer } from '../mail/scriptedPeer.fixture.ts';
import { connectPop3, type Pop3Client } from './index.ts';
import { playMailbox } from './mailbox.fixture.ts';

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

function subject(request: (session: Pop3Client, scope: Scope) => Promise<unknown>): ClientSubject {
  return {
    protocol: 'pop3',
    isExclusive: true,
    tlsModes: ['implicit', 'starttls'],
    secret: Buffer.from('\0anna\0hunter2').toString('base64'),
    async connect({ host, port, tls, timeouts }, scope, runtime) {
      const session = await connectPop3(
        {
          host,
          port,
          maxMessageBytes: 1_048_576,
          // A text that stops is waited for as long as an answer.
          timeouts: { ...timeouts, idleMs: timeouts.requestMs },
          security: tls === undefined ? 'off' : tls.mode === 'implicit' ? 'implicit' : 'required',
          login: { user: 'anna', password: 'hunter2' },
          allowsClearCredentials: tls === undefined,
          ...(tls && { tls: tls.options }),
        },
        scope,
        runtime,
      );
      return { session, request: (own) => request(session, own) };
    },
    async startPeer({ tls }, runtime) {
      const listener = await runtime.listen(
        { host: '127.0.0.1', port: 0, ...(tls?.mode === 'implicit' && { tls: tls.options }) },
        (transport) => {
          const options = {
            messages: ['Subject: x\r\n\r\n.hello\r\n'],
            ...(tls?.mode === 'starttls' && { stls: tls.options }),
          };
          // A client that leaves ends the script.
          playMailbox(new ScriptedPeer(transport), options).catch(() => transport.destroy());
        },
      );
      return {
        port: listener.port,
        close: async () => listener.destroy(),
      };
    },
  };
}

const requests = {
  'that asks for little': (session: Pop3Client, scope: Scope) => session.stat(scope),
  'that reads a message': (session: Pop3Client, scope: Scope) => session.download(1, scope),
};

describe.each(Object.entries(requests))('the contract of clients, held by that of POP3 %s', (_name, request) => {
  for (const { title, run } of clientContract(subject(request), authority)) it(title, run);
});
