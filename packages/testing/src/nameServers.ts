import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import type { Certificate } from './certificate.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort, untilListening } from './port.ts';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 20_000;

/** Where Debian has servers, which is on the path of the superuser alone. */
const commandOf = (name: string): string => (isInstalled(name) ? name : `/usr/sbin/${name}`);

/** Whether these programs are here. */
export const nameServersAvailable = (...names: readonly string[]): boolean =>
  names.every((name) => isInstalled(name) || existsSync(`/usr/sbin/${name}`));

/** A running name server of others. Whoever started it closes it. */
export class NameServerPeer implements AsyncDisposable {
  /** Of UDP and TCP. */
  readonly port: number;
  /** Of DNS over TLS and over HTTPS; 0 without. */
  readonly tlsPort: number;
  readonly httpsPort: number;
  /** Where its files are. */
  readonly folder: string;
  readonly #peer: PeerProcess;

  constructor(peer: PeerProcess, folder: string, ports: { port: number; tlsPort?: number; httpsPort?: number }) {
    this.#peer = peer;
    this.folder = folder;
    this.port = ports.port;
    this.tlsPort = ports.tlsPort ?? 0;
    this.httpsPort = ports.httpsPort ?? 0;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#peer.output;
  }

  /** Ends it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export interface NamedOptions {
  /** Text of the zone files of which it is the primary, by their names. */
  readonly zones?: Readonly<Record<string, string>>;
  /** Zones that it has from a primary on this machine, by their names: the port of that. */
  readonly secondaryOf?: Readonly<Record<string, number>>;
  /** For DNS over TLS and HTTPS. */
  readonly certificate?: Certificate;
}

/** Starts BIND with one thread; answers of `minimal-responses`, transfers for anybody. */
export function startNamed({ zones = {}, secondaryOf = {}, certificate }: NamedOptions): Promise<NameServerPeer> {
  return start('named', async (folder) => {
    const [port, tlsPort, httpsPort] = [await freePort(), await freePort(), await freePort()];
    const listeners = [`listen-on port ${port} { ${HOST}; };`];
    const before: string[] = [];
    if (certificate !== undefined) {
      await writeFile(join(folder, 'cert.pem'), certificate.cert);
      await writeFile(join(folder, 'key.pem'), certificate.key, { mode: 0o600 });
      before.push('tls own { cert-file "cert.pem"; key-file "key.pem"; };');
      listeners.push(`listen-on port ${tlsPort} tls own { ${HOST}; };`);
      listeners.push(`listen-on port ${httpsPort} tls own http default { ${HOST}; };`);
    }
    const primaries = Object.entries(zones).map(async ([name, text], index) => {
      await writeFile(join(folder, `zone${index}`), text);
      return `zone "${name}" { type primary; file "zone${index}"; };`;
    });
    const secondaries = Object.entries(secondaryOf).map(
      ([name, primary], index) =>
        `zone "${name}" { type secondary; primaries { ${HOST} port ${primary}; }; file "copy${index}"; masterfile-format text; };`,
    );
    const configuration = `options { directory "${folder}"; ${listeners.join(' ')} listen-on-v6 { none; };
recursion no; pid-file none; session-keyfile none; minimal-responses yes; allow-transfer { any; }; notify no;
allow-notify { ${HOST}; }; min-refresh-time 1; zero-no-soa-ttl no; check-names primary ignore; check-names secondary ignore; ixfr-from-differences yes; };
controls { };
${[...before, ...(await Promise.all(primaries)), ...secondaries].join('\n')}
`;
    await writeFile(join(folder, 'named.conf'), configuration);
    return { args: ['-g', '-n', '1', '-c', join(folder, 'named.conf')], ports: { port, tlsPort, httpsPort } };
  });
}

/** Starts Knot DNS as a secondary of a primary on this machine. */
export function startKnot(zone: string, primaryPort: number): Promise<NameServerPeer> {
  return start('knotd', async (folder) => {
    const port = await freePort();
    const configuration = `server:
  rundir: "${folder}"
  listen: ${HOST}@${port}
log:
  - target: stderr
    any: info
database:
  storage: "${folder}"
remote:
  - id: primary
    address: ${HOST}@${primaryPort}
acl:
  - id: notified
    address: ${HOST}
    action: notify
zone:
  - domain: ${zone}
    storage: "${folder}"
    master: primary
    acl: notified
`;
    await writeFile(join(folder, 'knot.conf'), configuration);
    return { args: ['-c', join(folder, 'knot.conf')], ports: { port } };
  });
}

export interface ForwarderOptions {
  /** The zone whose questions it passes on, and the port on this machine that it passes them on to. */
  readonly zone: string;
  readonly port: number;
  /** For DNS over TLS. */
  readonly certificate?: Certificate;
}

/** Starts unbound, which asks the server that it is given for one zone, and keeps the answers. */
export function startUnbound({ zone, port: target, certificate }: ForwarderOptions): Promise<NameServerPeer> {
  return start('unbound', async (folder) => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const secure =
      certificate === undefined
        ? ''
        : `interface: ${HOST}@${tlsPort}\n  tls-port: ${tlsPort}\n  tls-service-pem: "${folder}/cert.pem"\n  tls-service-key: "${folder}/key.pem"`;
    if (certificate !== undefined) {
      await writeFile(join(folder, 'cert.pem'), certificate.cert);
      await writeFile(join(folder, 'key.pem'), certificate.key, { mode: 0o600 });
    }
    // Private names (.test) are answered by itself, and servers of this machine not asked, unless told otherwise.
    const configuration = `server:
  interface: ${HOST}@${port}
  ${secure}
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  local-zone: "test." nodefault
  module-config: "iterator"
  num-threads: 1
remote-control:
  control-enable: no
stub-zone:
  name: "${zone}"
  stub-addr: ${HOST}@${target}
`;
    await writeFile(join(folder, 'unbound.conf'), configuration);
    return { args: ['-d', '-c', join(folder, 'unbound.conf')], ports: { port, tlsPort } };
  });
}

/** Starts dnsmasq, which passes questions for one zone on. */
export function startDnsmasq({ zone, port: target }: ForwarderOptions): Promise<NameServerPeer> {
  return start('dnsmasq', async (folder) => {
    const port = await freePort();
    await writeFile(join(folder, 'empty'), '');
    const args = [
      '--keep-in-foreground',
      '--no-resolv',
      '--no-hosts',
      `--conf-file=${join(folder, 'empty')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--port=${port}`,
      `--listen-address=${HOST}`,
      '--bind-interfaces',
      `--server=/${zone}/${HOST}#${target}`,
      '--user=root',
      '--group=root',
      '--log-facility=-',
    ];
    return { args, ports: { port } };
  });
}

interface Setup {
  readonly args: readonly string[];
  readonly ports: { readonly port: number; readonly tlsPort?: number; readonly httpsPort?: number };
}

/** Resolves when it takes connections. */
async function start(name: string, prepare: (folder: string) => Promise<Setup>): Promise<NameServerPeer> {
  using scope = createScope({ what: name, timeoutMs: START_TIMEOUT_MS });
  const folder = await mkdtemp(join(tmpdir(), `roundhouse-${name}-`));
  let peer: PeerProcess | undefined;
  try {
    const { args, ports } = await prepare(folder);
    peer = await startPeer(commandOf(name), args, { cwd: folder });
    await untilListening(peer, ports.port, scope);
    return new NameServerPeer(peer, folder, ports);
  } catch (error) {
    peer?.kill();
    await peer?.exited;
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
