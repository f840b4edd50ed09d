import { Secret } from '@roundhouse/core';
import { checkHost, checkPort, resolveTimeouts, type Timeouts, type TlsClientOptions } from '@roundhouse/net';
import { invalid } from './uidSet.ts';

/** `implicit`: TLS from the first byte (RFC 8314). `required`: STARTTLS (RFC 9051 §6.2.1), or nothing is said. `off`. */
export type ImapSecurity = 'implicit' | 'required' | 'off';

/** By password: SASL PLAIN where it is offered, else LOGIN. By a token of OAuth 2.0: XOAUTH2. */
export type ImapLogin =
  | { readonly user: string; readonly password: Secret | string }
  | { readonly user: string; readonly token: Secret | string };

export interface ImapConnectOptions {
  readonly host: string;
  /** Default 993 with `implicit`, else 143. */
  readonly port?: number;
  /** Default `implicit`. */
  readonly security?: ImapSecurity;
  readonly tls?: TlsClientOptions;
  readonly login: ImapLogin;
  /** Send credentials although the connection is in the clear. Default false: TLS_REFUSED. */
  readonly allowsClearCredentials?: boolean;
  /** Most bytes of one message, or of a part of it. Default 67,108,864. */
  readonly maxMessageBytes?: number;
  /** Most bytes of all that answers one command and is kept in memory. Default 16,777,216. */
  readonly maxAnswerBytes?: number;
  /** How long IDLE lasts before it is said anew, ms. Default 1,500,000 (25 min), at most 1,740,000 (29 min). */
  readonly idleRenewMs?: number;
  /** `requestMs` is the wait for one response, `idleMs` that between two pieces of a text. */
  readonly timeouts?: Partial<Timeouts>;
}

export type ResolvedImapOptions = Required<Omit<ImapConnectOptions, 'timeouts'>> & { readonly timeouts: Timeouts };

const MOST_MESSAGE_BYTES = 4_294_967_295;
const MOST_ANSWER_BYTES = 1_073_741_824;
/** RFC 9051 §6.3.13: a server may end what is idle for 30 minutes. */
const MOST_RENEW_MS = 1_740_000;

/** Completes and checks. Raises NET_OPTION_INVALID or ADDRESS_INVALID. */
export function resolveImapOptions(options: ImapConnectOptions): ResolvedImapOptions {
  const { security = 'implicit', maxMessageBytes = 67_108_864, maxAnswerBytes = 16_777_216, login } = options;
  const { idleRenewMs = 1_500_000 } = options;
  demandWithin('maxMessageBytes', maxMessageBytes, 1, MOST_MESSAGE_BYTES);
  demandWithin('maxAnswerBytes', maxAnswerBytes, 4_096, MOST_ANSWER_BYTES);
  demandWithin('idleRenewMs', idleRenewMs, 1_000, MOST_RENEW_MS);
  const secret = reveal('token' in login ? login.token : login.password);
  if (login.user === '' || /[\r\n\0]/.test(login.user + secret)) {
    throw invalid('a user has a name, and neither it nor the password has a line end or a NUL');
  }
  return {
    host: checkHost(options.host),
    port: checkPort(options.port ?? (security === 'implicit' ? 993 : 143)),
    security,
    tls: options.tls ?? {},
    login,
    allowsClearCredentials: options.allowsClearCredentials ?? false,
    maxMessageBytes,
    maxAnswerBytes,
    idleRenewMs,
    timeouts: resolveTimeouts(options.timeouts),
  };
}

function demandWithin(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`${name} is ${value}, and must be a whole number from ${least} to ${most}`);
}

/** The text of a secret. */
export function reveal(secret: Secret | string): string {
  return secret instanceof Secret ? secret.reveal() : secret;
}
