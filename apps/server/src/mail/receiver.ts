import { mkdir } from 'node:fs/promises';
import { hostname as machineName } from 'node:os';
import { join } from 'node:path';
import { type Clock, createScope, type Logger, type Scope } from '@roundhouse/core';
import type { CertificateFiles, NetRuntime, NetServer, TlsServerOptions } from '@roundhouse/net';
import type { Random } from '@roundhouse/resilience';
import type { Store } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { Certificates } from '../tls/certificates.ts';
import { Intake, type MailLiveOptions } from './intake.ts';
import { Outbox } from './outbox.ts';
import { type Mailbox, pendingPlaces } from './mailbox.ts';
import { maildirMailbox } from './maildirMailbox.ts';
import { MailRetention } from './retention.ts';
import { storeMailbox } from './storeMailbox.ts';
import { MailTeller } from './teller.ts';

export interface MailReceiverOptions extends MailReceiverLiveOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Default: the name of the machine. */
  readonly hostname?: string;
  readonly tls?: CertificateFiles;
  readonly startTls?: CertificateFiles;
  readonly requiresTls?: boolean;
  /** Where messages are kept. Default `maildir`. */
  readonly keep?: 'maildir' | 'store' | 'none';
  /** Absolute. What waits to be told stands here, and the mailbox unless that has a place of its own. */
  readonly directory: string;
  /** Absolute. Default: `box` in the directory. */
  readonly box?: string;
  readonly maxMessageBytes?: number;
  readonly maxRecipients?: number;
  /** Default 100. */
  readonly maxConnections?: number;
  /** Default 20. */
  readonly maxPerAddress?: number;
}

export interface MailReceiverDependencies {
  readonly journal: Pick<EventJournal, 'commit' | 'state'>;
  readonly store: Pick<Store, 'get' | 'mailbox'>;
  readonly certificates: Pick<Certificates, 'follow'>;
  readonly runtime: NetRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What may be changed while it runs. */
export interface MailReceiverLiveOptions extends MailLiveOptions {
  /** How long messages are kept in the store, days. Default: for ever. */
  readonly maxAgeDays?: number;
}

/** A mail server whose messages are kept, and told as events. */
export interface MailReceiver {
  readonly port: number;
  /** For the messages to come. Raises WEBHOOK_RANGE_INVALID. */
  configure(options: MailReceiverLiveOptions): void;
  /** Finishes what is under way within `timeoutMs`; what could not be told by then is told after the next start. */
  close(timeoutMs: number): Promise<void>;
}

/** Listens. Rejects with ADDRESS_IN_USE, TLS_MATERIAL_INVALID, NET_OPTION_INVALID, and as store and file system do. */
export async function openMailReceiver(
  options: MailReceiverOptions,
  deps: MailReceiverDependencies,
  scope: Scope,
): Promise<MailReceiver> {
  const { serveSmtp } = await import('@roundhouse/protocols/smtp');
  const { host, port, directory, requiresTls = false } = options;
  const { clock, runtime, certificates, store } = deps;
  const hostname = options.hostname ?? machineName();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const outbox = await Outbox.open(join(directory, 'outbox'));
  const mailbox = await mailboxOf(options, hostname, deps);
  const teller = new MailTeller({ ...deps, outbox, places: pendingPlaces(store) });
  const intake = new Intake(options, hostname, { ...deps, outbox, teller, mailbox });
  const retention = mailbox && new MailRetention(options, { ...deps, mailbox }, scope);
  try {
    await teller.recover();
    const receiver = await listen();
    // Behind `recover`: what is pending tells that a message was not taken.
    retention?.start();
    return receiver;
  } catch (error) {
    using none = createScope({ clock, timeoutMs: 0 });
    await teller.close(none);
    throw error;
  }

  async function listen(): Promise<MailReceiver> {
    let server: NetServer | undefined;
    const tls = options.tls && (await certificates.follow('mail', options.tls, (next) => server?.setTls(next)));
    let startTls: TlsServerOptions | undefined;
    if (options.startTls !== undefined) {
      startTls = await certificates.follow('mail_starttls', options.startTls, (next) => {
        startTls = next;
      });
    }
    const { maxMessageBytes, maxRecipients, maxConnections = 100, maxPerAddress = 20 } = options;
    server = await serveSmtp(
      {
        hostname,
        port,
        requiresTls,
        ...(host !== undefined && { host }),
        ...(tls && { tls }),
        ...(startTls && { startTls: () => startTls as TlsServerOptions }),
        limits: {
          maxConnections,
          maxPerPeer: maxPerAddress,
          ...(maxMessageBytes !== undefined && { maxMessageBytes }),
          ...(maxRecipients !== undefined && { maxRecipients }),
        },
      },
      intake.handlers,
      runtime,
      scope,
    );
    const { port: listening } = server;
    return {
      port: listening,
      configure(next) {
        intake.configure(next);
        retention?.configure(next);
      },
      async close(timeoutMs) {
        using deadline = createScope({ clock, timeoutMs, what: 'Closing the mail receiver' });
        retention?.stop();
        await server.drain({ timeoutMs });
        await teller.close(deadline);
      },
    };
  }
}

async function mailboxOf(
  { keep = 'maildir', directory, box = join(directory, 'box') }: MailReceiverOptions,
  hostname: string,
  { store, clock }: MailReceiverDependencies,
): Promise<Mailbox | undefined> {
  if (keep === 'none') return undefined;
  if (keep === 'store') return storeMailbox(store, clock);
  const { openMaildir } = await import('@roundhouse/protocols/smtp');
  return maildirMailbox(await openMaildir({ directory: box, hostname, processId: process.pid }, clock));
}
