import { type ErrorCatalogue, type ErrorInit, RoundhouseError } from '@roundhouse/core';

/** What a connection was doing when it failed. */
export type NetPhase = 'resolve' | 'connect' | 'tls' | 'negotiate' | 'read' | 'write';

/**
 * How much of what was written had left this process: `none` of it, `all` of it (handed to the operating system, which
 * does not prove that the peer read it), or `maybe` some.
 */
export type Sent = 'none' | 'maybe' | 'all';

export interface NetErrorInit extends ErrorInit {
  readonly phase?: NetPhase;
  /** `host:port` of the other side. */
  readonly peer?: string;
  /** Default `none`. */
  readonly sent?: Sent;
}

const catalogue = {
  ADDRESS_INVALID: {
    message: '{address} is not an address: {reason}',
    hint: 'Write HOST:PORT, with an IPv6 address in brackets: [::1]:3270.',
    retryable: false,
    status: 422,
  },
  NAME_NOT_FOUND: {
    message: 'There is no host {host}',
    hint: 'Check the spelling, and that the name server of this machine knows the name.',
    retryable: false,
    status: 502,
  },
  NAME_TEMPORARY_FAILURE: {
    message: 'The name server gave no answer for {host}',
    hint: 'Try again; if it stays so, check the name servers of this machine.',
    retryable: true,
    status: 503,
  },
  CONNECT_REFUSED: {
    message: '{peer} refused the connection',
    hint: 'Nothing listens there, or a firewall answers for it. Check host and port, and that the service runs.',
    retryable: true,
    status: 502,
  },
  CONNECT_RESET: {
    message: '{peer} reset the connection while it was being made',
    hint: 'The service or a firewall cut it. Look at the log of the other side.',
    retryable: true,
    status: 502,
  },
  CONNECT_UNREACHABLE: {
    message: 'There is no route to {peer}',
    hint: 'Check the network, the route and the firewall of this machine.',
    retryable: true,
    status: 502,
  },
  TIMEOUT: {
    message: '{peer} did not finish the phase {phase} in time',
    hint: 'Check that the other side answers, or allow more time.',
    retryable: true,
    status: 504,
  },
  ADDRESS_IN_USE: {
    message: 'The address {address} is in use',
    hint: 'Another process listens there. Stop it or choose another port.',
    retryable: true,
    status: 409,
  },
  ADDRESS_NOT_AVAILABLE: {
    message: 'The address {address} does not belong to this machine',
    hint: 'Use an address of one of its interfaces, 127.0.0.1 for this machine alone.',
    retryable: false,
    status: 422,
  },
  PERMISSION_DENIED: {
    message: 'The operating system does not allow {address}',
    hint: 'Ports below 1024 need CAP_NET_BIND_SERVICE; a firewall or a security module may also say no.',
    retryable: false,
    status: 403,
  },
  DESCRIPTORS_EXHAUSTED: {
    message: 'No descriptor is left for {address}',
    hint: 'Raise the limit of open files (ulimit -n, LimitNOFILE), or hold fewer connections.',
    retryable: true,
    status: 503,
  },
  TLS_MATERIAL_INVALID: {
    message: 'The TLS certificate or key given is not usable: {reason}',
    hint: 'Give PEM text, and the key that belongs to the certificate.',
    retryable: false,
    status: 422,
  },
  TLS_UNTRUSTED: {
    message: 'The certificate of {peer} is not trusted: {reason} (issuer {issuer})',
    hint: 'If a private authority issued it, give its certificate as `ca`.',
    retryable: false,
    status: 502,
  },
  TLS_EXPIRED: {
    message: 'The certificate of {peer} is outside its time: valid from {valid_from} to {valid_to}',
    hint: 'The people who run the host must renew it; check the clock of this machine too.',
    retryable: false,
    status: 502,
  },
  TLS_NAME_MISMATCH: {
    message: 'The certificate of {peer} is for {names}, not for {expected}',
    hint: 'Connect by a name that the certificate has, or give that name as `serverName`.',
    retryable: false,
    status: 502,
  },
  TLS_PROTOCOL: {
    message: 'The TLS handshake with {peer} failed: {reason}',
    hint: 'Check that the port speaks TLS from the first byte, and which versions it allows.',
    retryable: false,
    status: 502,
  },
  TLS_CLIENT_CERTIFICATE: {
    message: '{peer} and this side did not agree on a client certificate: {reason}',
    hint: 'Give `cert` and `key` of a certificate that the other side trusts.',
    retryable: false,
    status: 502,
  },
  CONNECTION_LOST: {
    message: 'The connection to {peer} broke: {reason}',
    hint: 'The other side, or something between, cut it. Connect again.',
    retryable: true,
    status: 502,
  },
  CONNECTION_CLOSED: {
    message: 'The connection to {peer} is closed',
    hint: 'Open a new one.',
    retryable: false,
    status: 410,
  },
  WRITE_OVERFLOW: {
    message: '{peer} does not read: more than {max_buffered_bytes} bytes wait to be sent',
    hint: 'The other side is stuck or too slow. Hold back after write() has returned false.',
    retryable: true,
    status: 503,
  },
} as const satisfies ErrorCatalogue;

export type NetErrorCode = keyof typeof catalogue;

/** A failure of the network, with the phase, the peer and how much had been sent. */
export class NetError extends RoundhouseError {
  override readonly name = 'NetError';
  readonly phase: NetPhase | null;
  readonly peer: string | null;
  readonly sent: Sent;

  constructor(code: NetErrorCode, init: NetErrorInit = {}) {
    const { phase = null, peer = null, sent = 'none' } = init;
    const place = { ...(phase && { phase }), ...(peer && { peer }) };
    super(code, catalogue[code], { ...init, details: { ...place, ...init.details } });
    this.phase = phase;
    this.peer = peer;
    this.sent = sent;
  }
}

export interface NetErrorFactory {
  (code: NetErrorCode, init?: NetErrorInit): NetError;
  readonly catalogue: typeof catalogue;
}

/** Makes errors of this package; the code is checked by the compiler. */
export const netError: NetErrorFactory = Object.assign(
  (code: NetErrorCode, init?: NetErrorInit): NetError => new NetError(code, init),
  { catalogue },
);
