import { type ErrorCatalogue, type ErrorInit, RoundhouseError } from '@roundhouse/core';

/** What a connection was doing when it failed. */
export type NetPhase =
  | 'resolve'
  | 'connect'
  | 'tls'
  /** The handshake of the protocol itself: SOCKS, CONNECT, telnet, the upgrade to WebSocket, SETTINGS of HTTP/2. */
  | 'negotiate'
  /** The first words of a server that speaks first. */
  | 'greeting'
  | 'authenticate'
  /** An operation on a connection that stands. */
  | 'request'
  | 'read'
  | 'write'
  /** The polite end. */
  | 'close';

/**
 * How much of what was written had left this process: `none` of it, `all` of it (handed to the operating system, which
 * does not prove that the peer read it), or `maybe` some.
 */
export type Sent = 'none' | 'maybe' | 'all';

/** What the other side said itself, in the terms of its protocol. */
export interface RemoteAnswer {
  /** E.g. `550`, `NXDOMAIN`, `NO`. */
  readonly status: string;
  /** Its words, cut to what fits in a line; never anything that this side sent. */
  readonly text?: string;
}

export interface NetErrorInit extends ErrorInit {
  /** Id of the protocol, e.g. `smtp`. */
  readonly protocol?: string;
  readonly remote?: RemoteAnswer;
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
  NET_OPTION_INVALID: {
    message: 'An option is not usable: {reason}',
    hint: 'Look up the option in the reference of the protocol.',
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
  TLS_PIN_MISMATCH: {
    message: 'The key of {peer} is none of those that are pinned; its certificate has the fingerprint {fingerprint}',
    hint: 'If the certificate was renewed, pin the new one as well; if not, somebody may be in between.',
    retryable: false,
    status: 502,
  },
  TLS_REFUSED: {
    message: '{peer} does not offer the TLS that is demanded: {reason}',
    hint: 'Nothing secret was sent. Check that the server offers STARTTLS, or connect to its TLS port.',
    retryable: false,
    status: 502,
  },
  PROTOCOL_VIOLATION: {
    message: '{peer} does not speak {protocol} as it should: {reason}',
    hint: 'Check that host and port belong to such a service; if they do, keep a trace for its makers.',
    retryable: false,
    status: 502,
  },
  PEER_REFUSED: {
    message: '{peer} refused with {status}: {text}',
    hint: 'The other side says that this will not work. Change the request, or ask the people who run it.',
    retryable: false,
    status: 502,
  },
  PEER_UNAVAILABLE: {
    message: '{peer} cannot do it now, it answered {status}: {text}',
    hint: 'The other side says that it may work later. Try again after a while.',
    retryable: true,
    status: 503,
  },
  PEER_NOT_FOUND: {
    message: '{peer} has no {what}',
    hint: 'Check the spelling, and that it is on this server.',
    retryable: false,
    status: 404,
  },
  PEER_LOGIN_REFUSED: {
    message: '{peer} did not accept the credentials: {text}',
    hint: 'Check user name and password or key, and which mechanisms the server allows.',
    retryable: false,
    status: 502,
  },
  PROXY_REFUSED: {
    message: 'The proxy {proxy} did not connect to {peer}: {reason}',
    hint: 'Check what the proxy allows, and its credentials.',
    retryable: false,
    status: 502,
  },
  MESSAGE_TOO_LARGE: {
    message: '{peer} sent more than {limit} {unit} of {what}',
    hint: 'Raise the limit if such sizes are expected; else the other side is broken or hostile.',
    retryable: false,
    status: 502,
  },
  DRAINING: {
    message: 'The connection to {peer} takes no new work: it is being drained',
    hint: 'Use another connection; a pool does so by itself.',
    retryable: true,
    status: 503,
  },
  POOL_EXHAUSTED: {
    message: 'No connection to {peer} is free: {in_use} in use, {waiting} waiting',
    hint: 'Allow more connections, or send less at a time.',
    retryable: true,
    status: 503,
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
  readonly protocol: string | null;
  readonly phase: NetPhase | null;
  readonly peer: string | null;
  readonly sent: Sent;
  readonly remote: RemoteAnswer | null;

  constructor(code: NetErrorCode, init: NetErrorInit = {}) {
    const { protocol = null, phase = null, peer = null, sent = 'none', remote = null } = init;
    const place = { ...(protocol && { protocol }), ...(phase && { phase }), ...(peer && { peer }) };
    super(code, catalogue[code], { ...init, details: { ...place, ...remote, ...init.details } });
    this.protocol = protocol;
    this.remote = remote;
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

/** The same failure, with the protocol that it happened to. */
export function ofProtocol(error: RoundhouseError, protocol: string): RoundhouseError {
  if (!(error instanceof NetError) || error.protocol !== null) return error;
  const { code, details, cause, hint, phase, peer, sent, remote } = error;
  return netError(code as NetErrorCode, {
    protocol,
    details,
    cause,
    hint,
    ...(phase !== null && { phase }),
    ...(peer !== null && { peer }),
    sent,
    ...(remote !== null && { remote }),
  });
}
