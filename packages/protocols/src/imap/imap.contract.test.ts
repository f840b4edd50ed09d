import type { Scope } from '@roundhouse/core';
import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { ScriptedPeer } from '../mail/scriptedPeer.fixture.ts';
import { connectImap, type ImapClient } from './index.ts';
import { playMailbox } from './mailbox.fixture.ts';

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

function subject(request: (session: ImapClient, scope: Scope) => Promise<unknown>): ClientSubject {
  return {
    protocol: 'imap',
    isExclusive: true,
    tlsModes: ['implicit', 'starttls'],
    secret: Buffer.from('\0anna\0hunter2').toString('base64'),
    async connect({ host, port, tls, timeouts }, scope, runtime) {
      const session = await connectImap(
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
            messages: ['Subject: x\r\n\r\nhello\r\n'],
            ...(tls?.mode === 'starttls' && { starttls: tls.options }),
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
  'that opens a mailbox': (session: ImapClient, scope: Scope) => session.select('INBOX', scope),
  'that reads a message': (session: ImapClient, scope: Scope) => session.download(10, {}, scope),
};

describe.each(Object.entries(requests))('the contract of clients, held by that of IMAP %s', (_name, request) => {
  for (const { title, run } of clientContract(subject(request), authority)) it(title, run);
});
