import { readFile } from 'node:fs/promises';
import { type Clock, Secret } from '@roundhouse/core';
import type { NetRuntime } from '@roundhouse/net';
import type { AlertsDependencies } from './alerts.ts';

export interface MailerOptions {
  readonly host: string;
  readonly port?: number;
  readonly security?: 'required' | 'implicit' | 'opportunistic' | 'off';
  /** PEM; read for each letter, so that it may be renewed. */
  readonly caFile?: string;
  readonly username?: string;
  /** Or a `secret://` reference, looked up for each letter. */
  readonly password?: string;
  readonly from: string;
  readonly to: readonly string[];
}

export interface MailerDependencies {
  readonly clock: Clock;
  readonly runtime: NetRuntime;
  readonly secrets: (reference: string) => Promise<string>;
}

const REFERENCE = 'secret://';

/**
 * Sends letters over SMTP, each on a connection of its own: they are few. What the server refuses for all recipients
 * rejects; the protocol is loaded with the first letter.
 */
export function createMailer(options: MailerOptions, deps: MailerDependencies): AlertsDependencies['send'] {
  const { host, port, security, caFile, username, password = '', from, to } = options;
  return async ({ subject, text }, scope) => {
    const [{ connectSmtp }, { buildMessage }] = await Promise.all([
      import('@roundhouse/protocols/smtp'),
      import('@roundhouse/protocols/mime'),
    ]);
    const secret = password.startsWith(REFERENCE) ? await deps.secrets(password) : password;
    const { bytes, envelope } = await buildMessage({ from, to, subject, text }, { clock: deps.clock });
    const client = await connectSmtp(
      {
        host,
        ...(port !== undefined && { port }),
        ...(security !== undefined && { security }),
        ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
        ...(username !== undefined && { auth: { user: username, password: new Secret(secret) } }),
      },
      scope,
      deps.runtime,
    );
    try {
      await client.send(envelope, bytes, scope);
    } finally {
      void client.drain();
    }
  };
}
