import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import {
  certificateFacts,
  clientDemand,
  secureContextOf,
  type TlsInfo,
  type TlsServerOptions,
  tlsInfo,
} from './tls.ts';

/** The options of `https.createServer`. Raises TLS_MATERIAL_INVALID. */
export function nodeTlsOptions(tls: TlsServerOptions) {
  return { ...contextOptions(tls), ...clientDemand(tls), ...(tls.alpn && { ALPNProtocols: [...tls.alpn] }) };
}

/**
 * Takes other certificates for the connections to come; those there are go on. What is asked of clients stays as the
 * server was made. Raises TLS_MATERIAL_INVALID: then nothing has changed.
 */
export function setServerTls(server: Server, tls: TlsServerOptions): void {
  server.setSecureContext(contextOptions(tls));
}

function contextOptions(tls: TlsServerOptions): SecureContextOptions {
  // Node takes what it is given piece by piece; it is given what is known to be good.
  secureContextOf({ ...tls, role: 'server' });
  const { cert, key, clientCa, minVersion = 'TLSv1.2' } = tls;
  return { cert, key, minVersion, ...(clientCa !== undefined && { ca: clientCa }) };
}

/** The certificate of a client. */
export interface ClientCertificate {
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** With their types: `DNS:a.example`, `IP:192.0.2.1`, `URI:…`, `email:…`. */
  readonly subjectAltNames: readonly string[];
  /** Whether an authority of the listener vouches for it; without that it proves nothing. */
  readonly authorized: boolean;
}

const known = new WeakMap<TLSSocket, ClientCertificate | null>();

/** The certificate that the client of an `https` connection presented; null for none. Read once a connection. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | null {
  let certificate = known.get(socket);
  if (certificate === undefined) {
    const facts = certificateFacts(socket.getPeerCertificate());
    certificate = facts && {
      fingerprint256: facts.fingerprint,
      subjectAltNames: facts.alternativeNames,
      authorized: socket.authorized,
    };
    known.set(socket, certificate);
  }
  return certificate;
}

/** Facts of a connection that a `tls.Server` has accepted. */
export function tlsInfoOf(socket: TLSSocket): TlsInfo {
  return tlsInfo(socket, socket.authorized, certificateFacts(socket.getPeerCertificate()));
}
