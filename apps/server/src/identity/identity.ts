import type { AUTHENTICATION_METHODS } from '@roundhouse/api';
import type { ClientCertificate } from '@roundhouse/net';

/** Who calls, proven. */
export interface Identity {
  /** Name of the principal: what things are owned by, and what the audit shows. */
  readonly principal: string;
  readonly type: 'person' | 'service' | 'root';
  readonly method: AuthenticationMethod;
  readonly roles: readonly string[];
  /** Which credential proved it: id of the API key, `jti` of the JWT, fingerprint of the certificate. */
  readonly credential: string | null;
}

export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

/** What a request brought with it. */
export interface Credentials {
  /** The header of this name. */
  readonly authorization?: string | undefined;
  /** What the client presented in the TLS handshake. */
  readonly certificate?: ClientCertificate | null | undefined;
  /** IP address of the caller, or `unix` for one on a Unix domain socket. */
  readonly address: string;
  /** Whether nobody can have read along: TLS, loopback or a Unix domain socket. */
  readonly isSecure: boolean;
}

/** Who has the fixed token. The name is taken: no directory and no issuer can give it. */
export const ROOT_PRINCIPAL = 'root';
export const ROOT_ROLE = 'admin';
