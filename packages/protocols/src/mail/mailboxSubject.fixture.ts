import type { Scope } from '@roundhouse/core';
import type { NetRuntime, Session, TlsServerOptions } from '@roundhouse/net';
import { type CertificateAuthority, type ClientSubject, createCertificateAuthority } from '@roundhouse/testing';
import type { ImapConnectOptions } from '../imap/index.ts';
import type { Pop3ConnectOptions } from '../pop3/index.ts';
import { ScriptedPeer } from './scriptedPeer.fixture.ts';

let made: CertificateAuthority | undefined;
export const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

export interface MailboxProtocol<S extends Session> {
  readonly protocol: string;
  readonly connect: (options: ImapConnectOptions & Pop3ConnectOptions, scope: Scope, runtime: NetRuntime) => Promise<S>;
  /** The server's side of a mailbox; with settings where it upgrades in the middle. */
  readonly play: (peer: ScriptedPeer, starttls: TlsServerOptions | undefined) => Promise<void>;
  readonly request: (session: S, scope: Scope) => Promise<unknown>;
}

/** A client that reads a mailbox, as the contract of clients takes it. */
export function mailboxSubject<S extends Session>(mailbox: MailboxProtocol<S>): ClientSubject {
  return {
    protocol: mailbox.protocol,
    isExclusive: true,
    tlsModes: ['implicit', 'starttls'],
    secret: Buffer.from('\0anna\0hunter2').toString('base64'),
    async connect({ host, port, tls, timeouts }, scope, runtime) {
      const session = await mailbox.connect(
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
      return { session, request: (own) => mailbox.request(session, own) };
    },
    async startPeer({ tls }, runtime) {
      const listener = await runtime.listen(
        { host: '127.0.0.1', port: 0, ...(tls?.mode === 'implicit' && { tls: tls.options }) },
        (transport) => {
          const starttls = tls?.mode === 'starttls' ? tls.options : undefined;
          // A client that leaves ends the script.
          mailbox.play(new ScriptedPeer(transport), starttls).catch(() => transport.destroy());
        },
      );
      return { port: listener.port, close: async () => listener.destroy() };
    },
  };
}
