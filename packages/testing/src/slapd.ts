import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { createCertificateAuthority } from './certificate.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort, untilListening } from './port.ts';

export interface SlapdOptions {
  /** Entries to begin with, as LDIF, below `SLAPD_BASE_DN`, which is there. */
  readonly entries?: string;
  /** Longest wait for the first answer, ms. Default 20,000. */
  readonly startTimeoutMs?: number;
  readonly scope?: Scope;
}

export const SLAPD_BASE_DN = 'dc=example,dc=com';
const ADMIN_DN = `cn=admin,${SLAPD_BASE_DN}`;
const ADMIN_PASSWORD = 'directory-admin';

const HOST = '127.0.0.1';
/** Where Debian has it, which is on the path of the superuser alone. */
const DEBIAN_SLAPD = '/usr/sbin/slapd';

export const slapdAvailable = (): boolean =>
  (isInstalled('slapd') || existsSync(DEBIAN_SLAPD)) && isInstalled('ldapadd') && isInstalled('openssl');

/**
 * Starts OpenLDAP on two free ports of 127.0.0.1: plain LDAP with StartTLS, and LDAP over TLS. Groups (`groupOfNames`)
 * show as `memberOf` of their members. Resolves when the entries are in.
 */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const limits = { what: 'slapd', timeoutMs: options.startTimeoutMs ?? 20_000 };
  using scope = options.scope?.child(limits) ?? createScope(limits);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-slapd-'));
  let peer: PeerProcess | undefined;
  try {
    const authority = createCertificateAuthority('Directory CA');
    const { cert, key } = authority.issue();
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'ca.pem'), authority.cert);
    await writeFile(join(folder, 'cert.pem'), cert);
    await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
    await writeFile(join(folder, 'password'), ADMIN_PASSWORD, { mode: 0o600 });
    await writeFile(join(folder, 'slapd.conf'), configuration(folder), { mode: 0o600 });
    const port = await freePort();
    const tlsPort = await freePort();
    const urls = `ldap://${HOST}:${port} ldaps://${HOST}:${tlsPort}`;
    const command = isInstalled('slapd') ? 'slapd' : DEBIAN_SLAPD;
    // With a debug level it stays in the foreground.
    peer = await startPeer(command, ['-d', '0', '-f', join(folder, 'slapd.conf'), '-h', urls], { cwd: folder });
    await untilListening(peer, port, scope);
    const slapd = new Slapd(peer, { port, tlsPort, ca: authority.cert, folder });
    await slapd.add(`${BASE}\n${options.entries ?? ''}`);
    return slapd;
  } catch (error) {
    peer?.kill();
    await peer?.exited;
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface SlapdFacts {
  readonly port: number;
  readonly tlsPort: number;
  readonly ca: string;
  readonly folder: string;
}

/** A running OpenLDAP. Whoever started it closes it. */
export class Slapd implements AsyncDisposable {
  readonly port: number;
  /** `ldap://…`: plain, and with StartTLS. */
  readonly url: string;
  /** `ldaps://…` */
  readonly tlsUrl: string;
  /** PEM of the authority of its certificate, which is for `localhost` and 127.0.0.1. */
  readonly ca: string;
  readonly #peer: PeerProcess;
  readonly #folder: string;

  constructor(peer: PeerProcess, { port, tlsPort, ca, folder }: SlapdFacts) {
    this.#peer = peer;
    this.#folder = folder;
    this.port = port;
    this.url = `ldap://${HOST}:${port}`;
    this.tlsUrl = `ldaps://${HOST}:${tlsPort}`;
    this.ca = ca;
  }

  /** Adds entries, as LDIF. Rejects with PEER_FAILED. */
  async add(ldif: string): Promise<void> {
    const login = ['-x', '-H', this.url, '-D', ADMIN_DN, '-y', join(this.#folder, 'password')];
    const tool = await startPeer('ldapadd', login);
    tool.write(ldif);
    tool.endInput();
    const { code } = await tool.exited;
    if (code !== 0) throw tool.failure('entries were not added');
  }

  /** Fails at once; `close` is still to be called. */
  async kill(): Promise<void> {
    this.#peer.kill();
    await this.#peer.exited;
  }

  /** Ends it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const BASE = `dn: ${SLAPD_BASE_DN}
objectClass: dcObject
objectClass: organization
o: Example
dc: example
`;

/** Passwords can be tried, and read by nobody; the rest is for whoever has logged in. */
function configuration(folder: string): string {
  return [
    ...['core', 'cosine', 'inetorgperson'].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload memberof',
    `pidfile ${folder}/slapd.pid`,
    `argsfile ${folder}/slapd.args`,
    `TLSCACertificateFile ${folder}/ca.pem`,
    `TLSCertificateFile ${folder}/cert.pem`,
    `TLSCertificateKeyFile ${folder}/key.pem`,
    'database mdb',
    `suffix "${SLAPD_BASE_DN}"`,
    `rootdn "${ADMIN_DN}"`,
    `rootpw ${ADMIN_PASSWORD}`,
    `directory ${folder}/data`,
    'overlay memberof',
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by users read by * none',
    '',
  ].join('\n');
}
