import { Secret } from '@roundhouse/core';
import { checkHost, checkPort, netError, resolveTimeouts, type Timeouts, type TlsClientOptions } from '@roundhouse/net';

/** `implicit`: TLS from the first byte (RFC 8314). `required`: STLS (RFC 2595), or nothing is said. `off`. */
export type Pop3Security = 'implicit' | 'required' | 'off';

/**
 * How to log in. `password`: SASL PLAIN where it is offered, else USER and PASS. `apop`: by a digest (RFC 1939 §7), which
 * rests on MD5 and is broken by whoever is in between (CVE-2007-1558): over TLS alone, or not at all.
 */
export type Pop3Login =
  | { readonly user: string; readonly password: Secret | string; readonly method?: 'password' | 'apop' }
  | { readonly user: string; readonly token: Secret | string };

export interface Pop3ConnectOptions {
  readonly host: string;
  /** Default 995 with `implicit`, else 110. */
  readonly port?: number;
  /** Default `implicit`. */
  readonly security?: Pop3Security;
  readonly tls?: TlsClientOptions;
  readonly login: Pop3Login;
  /** Send credentials although the connection is in the clear. Default false: TLS_REFUSED. */
  readonly allowsClearCredentials?: boolean;
  /** Most bytes of one message. Default 67,108,864. */
  readonly maxMessageBytes?: number;
  /** `requestMs` is the wait for one answer, `idleMs` that between two pieces of a message. */
  readonly timeouts?: Partial<Timeouts>;
}

export interface ResolvedPop3Options {
  readonly host: string;
  readonly port: number;
  readonly security: Pop3Security;
  readonly tls: TlsClientOptions;
  readonly login: Pop3Login;
  readonly allowsClearCredentials: boolean;
  readonly maxMessageBytes: number;
  readonly timeouts: Timeouts;
}

const MOST_BYTES = 1_099_511_627_776;

/** Completes and checks. Raises NET_OPTION_INVALID or ADDRESS_INVALID. */
export function resolvePop3Options(options: Pop3ConnectOptions): ResolvedPop3Options {
  const { security = 'implicit', maxMessageBytes = 67_108_864, allowsClearCredentials = false, login } = options;
  if (!Number.isInteger(maxMessageBytes) || maxMessageBytes < 1 || maxMessageBytes > MOST_BYTES) {
    throw invalid(`maxMessageBytes is ${maxMessageBytes}, and must be a whole number from 1 to ${MOST_BYTES}`);
  }
  checkLogin(login);
  return {
    host: checkHost(options.host),
    port: checkPort(options.port ?? (security === 'implicit' ? 995 : 110)),
    security,
    tls: options.tls ?? {},
    login,
    allowsClearCredentials,
    maxMessageBytes,
    timeouts: resolveTimeouts(options.timeouts),
  };
}

/** The text of a secret. */
export function reveal(secret: Secret | string): string {
  return secret instanceof Secret ? secret.reveal() : secret;
}

/** What goes into a line may not end it. */
function checkLogin(login: Pop3Login): void {
  const secret = reveal('token' in login ? login.token : login.password);
  if (login.user === '' || /[\r\n\0]/.test(login.user + secret)) {
    throw invalid('a user has a name, and neither it nor the password has a line end or a NUL');
  }
}

function invalid(reason: string): Error {
  return netError('NET_OPTION_INVALID', { protocol: 'pop3', details: { reason } });
}
