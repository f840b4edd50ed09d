import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { isIP } from 'node:net';
import {
  connect,
  createSecureContext,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
  TLSSocket,
} from 'node:tls';
import { type NetError, type NetErrorInit, netError } from './errors.ts';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** An options object is read once: its secure context is kept as long as the object lives. */
export interface TlsClientOptions {
  /** Check the chain and the name of the certificate. Default true. */
  readonly verify?: boolean;
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** PEM of the client certificate (with its chain) and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Name to ask for and to check instead of the host. */
  readonly serverName?: string;
  /** Default `TLSv1.2`. */
  readonly minVersion?: TlsVersion;
  /** Application protocols to offer (RFC 7301), best first. */
  readonly alpn?: readonly string[];
  /**
   * Public keys of which the peer must have one, beside a good certificate: SHA-256 of the SubjectPublicKeyInfo in
   * base64 (RFC 7469 §2.4).
   */
  readonly pins?: readonly string[];
}

export interface TlsServerOptions {
  /** PEM of the certificate (with its chain) and of its key. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authorities of client certificates; given, clients are asked for one. */
  readonly clientCa?: string;
  /**
   * With `clientCa`: whether a client without a good certificate is kept out, or let in with `verified: false`. Default
   * `required`.
   */
  readonly clientCertificate?: 'required' | 'requested';
  /** Default `TLSv1.2`. */
  readonly minVersion?: TlsVersion;
  readonly alpn?: readonly string[];
}

/** The side of the handshake to play is part of the options; a client when nothing is said. */
export type TlsUpgrade =
  | (TlsClientOptions & { readonly role?: 'client' })
  | (TlsServerOptions & { readonly role: 'server' });

/** What a certificate says of itself. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Names it is for: DNS names and IP addresses, or the common name of one without. */
  readonly names: readonly string[];
  /** Subject alternative names with their types: `DNS:a.example`, `IP:192.0.2.1`, `URI:…`, `email:…`. */
  readonly alternativeNames: readonly string[];
  /** As OpenSSL prints them, e.g. `Nov 21 11:20:00 2026 GMT`. */
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint: string;
}

export interface TlsInfo {
  /** E.g. `TLSv1.3`. */
  readonly protocol: string;
  /** The standard name, e.g. `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** Whether the peer presented a certificate that was checked and found good; the facts of another prove nothing. */
  readonly verified: boolean;
  readonly alpn: string | null;
  /** Server name that the client asked for (SNI, RFC 6066 §3), on both sides; null when it named none. */
  readonly serverName: string | null;
  readonly certificate: CertificateFacts | null;
}

const contexts = new WeakMap<TlsUpgrade, SecureContext>();

/** The secure context of an options object, made once. Raises TLS_MATERIAL_INVALID. */
export function secureContextOf(options: TlsUpgrade): SecureContext {
  let context = contexts.get(options);
  if (context === undefined) {
    const ca = options.role === 'server' ? options.clientCa : options.ca;
    const { cert, key, minVersion = 'TLSv1.2' } = options;
    if ((cert === undefined) !== (key === undefined)) {
      throw netError('TLS_MATERIAL_INVALID', {
        phase: 'tls',
        details: { reason: 'certificate and key come together' },
      });
    }
    try {
      context = createSecureContext({ minVersion, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
    } catch (cause) {
      throw netError('TLS_MATERIAL_INVALID', { phase: 'tls', details: { reason: openSslReason(cause) }, cause });
    }
    contexts.set(options, context);
  }
  return context;
}

/** Calls of one handshake; exactly one of them, once. A failure before it arrives as `error`, `end` or `close`. */
export interface HandshakeOutcome {
  established(info: TlsInfo): void;
  refused(error: NetError): void;
}

/**
 * Starts the handshake on `raw`, whose unread bytes belong to it. The returned socket takes `raw` over; an `error`
 * event on it is to be read by `tlsFailure`.
 */
export function startTls(
  raw: Duplex,
  options: TlsUpgrade,
  host: string,
  peer: string,
  outcome: HandshakeOutcome,
): { socket: TLSSocket; presented: () => CertificateFacts | null } {
  const secureContext = secureContextOf(options);
  const ALPNProtocols = options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] };
  let certificate: CertificateFacts | null = null;

  if (options.role === 'server') {
    const demand = clientDemand(options);
    const socket = new TLSSocket(raw, { isServer: true, secureContext, ...ALPNProtocols, ...demand });
    socket.once('secure', () => {
      certificate = certificateFacts(socket.getPeerCertificate());
      const failure = demand.requestCert ? clientCertificateFailure(socket) : undefined;
      if (failure === undefined || !demand.rejectUnauthorized) {
        // A resumed TLS 1.3 session without a certificate fails no check.
        const isGood = demand.requestCert && failure === undefined && certificate !== null;
        return outcome.established(tlsInfo(socket, isGood, certificate));
      }
      const details = { reason: failure, ...factDetails(certificate) };
      outcome.refused(netError('TLS_CLIENT_CERTIFICATE', { phase: 'tls', peer, details }));
    });
    return { socket, presented: () => certificate };
  }

  const name = options.serverName ?? host;
  const servername = isIP(name) === 0 ? { servername: name.replace(/\.$/, '') } : {};
  const verify = options.verify ?? true;
  const socket = connect({
    socket: raw,
    host: name,
    secureContext,
    rejectUnauthorized: verify,
    ...servername,
    ...ALPNProtocols,
  });
  // Ahead of Node's own check, which destroys the socket and the certificate's facts with it.
  socket.prependOnceListener('secure', () => {
    certificate = certificateFacts(socket.getPeerCertificate());
  });
  socket.once('secureConnect', () => {
    const { pins } = options;
    if (pins !== undefined && !pins.includes(publicKeyPin(socket))) {
      return outcome.refused(netError('TLS_PIN_MISMATCH', { phase: 'tls', peer, details: factDetails(certificate) }));
    }
    outcome.established(tlsInfo(socket, verify && socket.authorized, certificate));
  });
  return { socket, presented: () => certificate };
}

/** What a pin is compared with; empty without a certificate. */
function publicKeyPin(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return key === undefined ? '' : createHash('sha256').update(key).digest('base64');
}

/** What a server asks of its clients, in the words of Node. */
export function clientDemand({ clientCa, clientCertificate = 'required' }: TlsServerOptions) {
  const requestCert = clientCa !== undefined;
  return { requestCert, rejectUnauthorized: requestCert && clientCertificate === 'required' };
}

/** Why a client certificate is not good, as OpenSSL found; undefined when it is. */
function clientCertificateFailure(socket: TLSSocket): string | undefined {
  // Node tells this only to its own tls.Server, which cannot take over a connection that has begun in plain text. It
  // is read from the same place; should a later Node move it, every client is refused.
  const { ssl } = socket as unknown as { ssl?: { verifyError?: () => { code?: string; message: string } | null } };
  if (typeof ssl?.verifyError !== 'function') return 'this runtime does not tell whether it is good';
  return ssl.verifyError()?.message;
}

export function tlsInfo(socket: TLSSocket, verified: boolean, certificate: CertificateFacts | null): TlsInfo {
  // Set by Node when the handshake is over, though its types do not say so.
  const { servername } = socket as { readonly servername?: unknown };
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    verified,
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : null,
    serverName: typeof servername === 'string' ? servername : null,
    certificate,
  };
}

/** The facts of what `getPeerCertificate` gave; null when the peer presented none. */
export function certificateFacts(certificate: PeerCertificate | DetailedPeerCertificate): CertificateFacts | null {
  // Node answers with an empty object when the peer presented none.
  if (!certificate.fingerprint256) return null;
  const alternativeNames = readAlternativeNames(certificate.subjectaltname ?? '');
  const names = alternativeNames
    .filter((entry) => /^(DNS|IP):/.test(entry))
    .map((entry) => entry.slice(entry.indexOf(':') + 1));
  const commonName = text(certificate.subject.CN);
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    names: names.length > 0 || commonName === '' ? names : [commonName],
    alternativeNames,
    validFrom: certificate.valid_from,
    validTo: certificate.valid_to,
    fingerprint: certificate.fingerprint256,
  };
}

/** One name of Node's list: a type, and a value that is a JSON text where it has a comma or a quotation mark. */
const ALTERNATIVE_NAME = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)/y;

/** Reads Node's `subjectaltname`. A list that is not understood to its end gives no names, since names let in. */
function readAlternativeNames(list: string): string[] {
  const names: string[] = [];
  ALTERNATIVE_NAME.lastIndex = 0;
  while (ALTERNATIVE_NAME.lastIndex < list.length) {
    const [, type = '', value = ''] = ALTERNATIVE_NAME.exec(list) ?? [];
    if (type === '') return [];
    names.push(`${type === 'IP Address' ? 'IP' : type}:${value.startsWith('"') ? JSON.parse(value) : value}`);
  }
  return names;
}

function distinguishedName(name: PeerCertificate['subject']): string {
  return Object.entries(name ?? {})
    .map(([type, value]) => `${type}=${text(value)}`)
    .join(', ');
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join('+') : (value ?? '');
}

/** Facts of a certificate in the shape of error details. */
function factDetails(certificate: CertificateFacts | null): Record<string, unknown> {
  if (certificate === null) return { subject: 'unknown', issuer: 'unknown' };
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    names: certificate.names.join(', ') || 'no name',
    valid_from: certificate.validFrom,
    valid_to: certificate.validTo,
    fingerprint: certificate.fingerprint,
  };
}

/** X.509 verification results that Node reports, beside the two about time. `openssl-verify(1)`, section DIAGNOSTICS. */
const UNTRUSTED = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_GET_CRL',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
]);
const OUTSIDE_ITS_TIME = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const NAME_MISMATCH = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']);
/** Alerts by which a server refuses a client certificate, or its absence. RFC 8446 §6.2. */
const CLIENT_CERTIFICATE =
  /PEER_DID_NOT_RETURN_A_CERTIFICATE|ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN)|ACCESS_DENIED)/;
const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNEXPECTED_MESSAGE',
  'ERR_SSL_NOT_SSL_RECORD_OR_UNSUPPORTED_VERSION',
]);

/** Where a TLS failure happened. */
export interface TlsFailurePlace {
  readonly role: 'client' | 'server';
  readonly peer: string;
  /** The name that the certificate was to have. */
  readonly expected: string;
  readonly certificate: CertificateFacts | null;
}

/** Reads an error of a TLS socket; undefined when TLS is not what failed. */
export function tlsFailure(error: unknown, place: TlsFailurePlace): NetError | undefined {
  const code = codeOf(error);
  const { peer, certificate } = place;
  const reason = openSslReason(error);
  const init = {
    phase: 'tls',
    peer,
    cause: error,
    details: { reason, ...factDetails(certificate) },
  } satisfies NetErrorInit;
  if (OUTSIDE_ITS_TIME.has(code)) return netError('TLS_EXPIRED', init);
  if (UNTRUSTED.has(code)) return netError('TLS_UNTRUSTED', init);
  if (NAME_MISMATCH.has(code)) {
    return netError('TLS_NAME_MISMATCH', { ...init, details: { ...init.details, expected: place.expected } });
  }
  if (!/^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return undefined;
  const bare = { ...init, details: { reason } };
  if (NOT_TLS.has(code)) {
    return netError('TLS_PROTOCOL', { ...bare, details: { reason: `the peer does not speak TLS (${reason})` } });
  }
  if (CLIENT_CERTIFICATE.test(code)) {
    if (place.role === 'client' || code.includes('PEER_DID_NOT')) return netError('TLS_CLIENT_CERTIFICATE', bare);
    return netError('TLS_PROTOCOL', {
      ...bare,
      details: { reason: `the client does not accept the certificate of this side (${reason})` },
      hint: 'Renew the certificate of this listener, or have the client trust its authority.',
    });
  }
  return netError('TLS_PROTOCOL', bare);
}

/** The readable part of an OpenSSL error: `…:SSL routines:func:wrong version number:file:line:` → `wrong version number`. */
export function openSslReason(error: unknown): string {
  const { reason, message = String(error) } = error as { reason?: unknown; message?: string };
  if (typeof reason === 'string') return reason;
  return /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? (message.split(/[;\n]/)[0] as string);
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
