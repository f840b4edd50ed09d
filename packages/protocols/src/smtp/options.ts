import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { Secret } from '@roundhouse/core';
import {
  checkHost,
  checkPort,
  DEFAULT_TIMEOUTS,
  formatAddress,
  netError,
  type PoolKey,
  resolveTimeouts,
  type Timeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import { checkCredentials, type Credentials } from '../mail/sasl.ts';
import { isDomain } from './mailbox.ts';

/**
 * `required`: STARTTLS, or nothing is said. `implicit`: TLS from the first byte (RFC 8314). `opportunistic`: STARTTLS
 * when it is offered, the certificate checked as the options say; whoever is in between can hide the offer. `off`.
 */
export type SmtpSecurity = 'required' | 'implicit' | 'opportunistic' | 'off';

export interface SmtpConnectOptions {
  readonly host: string;
  /** Default 465 with `implicit`, else 587. */
  readonly port?: number;
  /** Default `required`. */
  readonly security?: SmtpSecurity;
  readonly tls?: TlsClientOptions;
  readonly auth?: Credentials;
  /** Send credentials although the connection is in the clear. Default false: TLS_REFUSED. */
  readonly allowsClearCredentials?: boolean;
  /** Name of this machine, for EHLO. Default: the address it connects from, in brackets. */
  readonly clientName?: string;
  /** `requestMs` is the wait for one answer, `idleMs` that between two pieces of a message. */
  readonly timeouts?: Partial<Timeouts>;
  /** Wait for the answer behind a message, ms. Default 600,000 (RFC 5321 §4.5.3.2.6). */
  readonly acceptanceMs?: number;
}

export interface ResolvedSmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly security: SmtpSecurity;
  readonly tls: TlsClientOptions;
  readonly auth: Credentials | undefined;
  readonly allowsClearCredentials: boolean;
  readonly clientName: string | undefined;
  readonly timeouts: Timeouts;
  readonly acceptanceMs: number;
}

const MAX_WAIT_MS = 86_400_000;

/** Completes and checks. Raises NET_OPTION_INVALID or ADDRESS_INVALID. */
export function resolveSmtpOptions(options: SmtpConnectOptions): ResolvedSmtpOptions {
  const { security = 'required', auth, clientName, acceptanceMs = 600_000 } = options;
  if (auth !== undefined) checkCredentials(auth);
  if (clientName !== undefined && !isDomain(clientName)) {
    throw netError('NET_OPTION_INVALID', {
      protocol: 'smtp',
      details: { reason: 'clientName is the name of a host, or its address in brackets (RFC 5321 §4.1.1.1)' },
    });
  }
  if (!(acceptanceMs >= 1 && acceptanceMs <= MAX_WAIT_MS)) {
    const reason = `acceptanceMs is ${acceptanceMs}, and must be from 1 to ${MAX_WAIT_MS} ms`;
    throw netError('NET_OPTION_INVALID', { protocol: 'smtp', details: { reason } });
  }
  return {
    host: checkHost(options.host),
    port: checkPort(options.port ?? (security === 'implicit' ? 465 : 587)),
    security,
    tls: options.tls ?? {},
    auth: auth && sealed(auth),
    allowsClearCredentials: options.allowsClearCredentials ?? false,
    clientName,
    timeouts: resolveTimeouts(options.timeouts, DEFAULT_TIMEOUTS),
    acceptanceMs,
  };
}

/** The address of this side as EHLO takes it. RFC 5321 §4.1.3 */
export function addressLiteral(local: string): string {
  const host = local.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIPv6(host) ? `[IPv6:${host}]` : `[${isDomain(`[${host}]`) ? host : '127.0.0.1'}]`;
}

/** What two users of one connection have in common. */
export function poolKeyOf({ host, port, security, tls, auth }: ResolvedSmtpOptions): PoolKey {
  const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64');
  const secret = auth && ('token' in auth ? auth.token : auth.password);
  return {
    origin: `smtp://${formatAddress({ host, port })}`,
    tls: digest([security, Object.entries(tls).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
    credentials: auth === undefined ? '' : digest([auth.user, 'token' in auth, secret && textOf(secret)]),
  };
}

function sealed(auth: Credentials): Credentials {
  if ('token' in auth) return { ...auth, token: new Secret(textOf(auth.token)) };
  return { ...auth, password: new Secret(textOf(auth.password)) };
}

function textOf(secret: Secret | string): string {
  return secret instanceof Secret ? secret.reveal() : secret;
}
