import { describe, expect, it } from 'vitest';
import { type CertificateAuthority, createCertificateAuthority } from '../certificate.ts';
import { clientContract, type ClientSubject } from './client.ts';
import { connectEcho, type Fault, serveEcho } from './echo.fixture.ts';
import { serverContract, type ServerSubject } from './server.ts';

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

function client(fault?: Fault): ClientSubject {
  return {
    protocol: 'echo',
    isExclusive: true,
    tlsModes: ['implicit', 'starttls'],
    secret: 'hunter2',
    async connect(options, scope, runtime) {
      const session = await connectEcho(options, scope, runtime, fault);
      return { session, request: (own) => session.echo('hello', own) };
    },
    async startPeer({ tls }, runtime) {
      const server = await serveEcho(
        {
          ...(tls?.mode === 'implicit' && { tls: tls.options }),
          ...(tls?.mode === 'starttls' && { startTls: tls.options }),
        },
        runtime,
      );
      return { port: server.port, close: async () => server.abort() };
    },
  };
}

const server: ServerSubject = {
  protocol: 'echo',
  serve: serveEcho,
  hasTls: true,
  dialogue: [
    { expect: /^READY/ },
    { send: 'LOGIN hunter2\r\n', expect: /^OK/ },
    { send: 'ECHO hello\r\n', expect: /^= hello/ },
    { send: 'WHAT\r\n', expect: /^NO/ },
  ],
};

describe('the contract of clients, held by the smallest protocol', () => {
  for (const { title, run } of clientContract(client(), authority)) it(title, run);
});

describe('the contract of servers, held by the smallest protocol', () => {
  for (const { title, run } of serverContract(server, authority)) it(title, run);
});

describe('the contract finds a client that', () => {
  const faults: readonly Fault[] = [
    'waits without an end',
    'keeps the connection when it is given up',
    'goes on in the clear',
    'reads lines without a bound',
    'leaves the connection open when the greeting is wrong',
    'leaves a timer behind',
  ];
  for (const fault of faults) {
    it(fault, async () => {
      const failed: string[] = [];
      for (const { title, run } of clientContract(client(fault), authority)) {
        await run().catch(() => failed.push(title));
      }
      expect(failed).not.toEqual([]);
    });
  }
});
