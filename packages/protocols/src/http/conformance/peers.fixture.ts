import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { type Certificate, freePort, type PeerProcess, startPeer, untilListening } from '@roundhouse/testing';

const HOST = '127.0.0.1';
const START_MS = 20_000;

/** A foreign HTTP server or proxy on a free port. */
export interface WebPeer extends AsyncDisposable {
  readonly port: number;
}

/** A program that ran to its end. */
export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

export async function run(command: string, args: readonly string[], input = ''): Promise<Finished> {
  await using peer = await startPeer(command, args);
  peer.write(input);
  if (input === '') peer.endInput();
  await peer.exitWithin(START_MS);
  return { code: peer.exit?.code ?? null, output: peer.output };
}

/** Starts a program with files of its own, and waits until it takes connections. */
async function start(
  command: string,
  files: (port: number, folder: string) => Readonly<Record<string, string>>,
  args: (folder: string, port: number) => readonly string[],
): Promise<WebPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-web-'));
  const port = await freePort();
  for (const [name, text] of Object.entries(files(port, folder))) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  let peer: PeerProcess | undefined;
  const stop = async (): Promise<void> => {
    await peer?.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    peer = await startPeer(command, args(folder, port), { cwd: folder });
    using scope = createScope({ what: command, timeoutMs: START_MS });
    await untilListening(peer, port, scope);
    return { port, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Started by root, its workers would be somebody who may not write into the folder. */
const USER = process.getuid?.() === 0 ? 'user root;' : '';

/** In front of a server, in HTTP/1.1, or with TLS and HTTP/2 when there is a certificate. */
export function startNginx(backend: number, tls?: Certificate): Promise<WebPeer> {
  const secure = tls === undefined ? '' : ' ssl http2';
  const material = tls === undefined ? '' : 'ssl_certificate cert.pem; ssl_certificate_key key.pem;';
  return start(
    'nginx',
    (port, folder) => ({
      'cert.pem': tls?.cert ?? '',
      'key.pem': tls?.key ?? '',
      'nginx.conf': `pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1; daemon off; ${USER} events {}
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen ${HOST}:${port}${secure}; ${material}
    location / { proxy_pass http://${HOST}:${backend}; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
    }),
    (folder) => ['-p', folder, '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`],
  );
}

export function startHaproxy(backend: number): Promise<WebPeer> {
  return start(
    'haproxy',
    (port) => ({
      'haproxy.cfg': `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend front
  bind ${HOST}:${port}
  default_backend back
backend back
  server one ${HOST}:${backend}
`,
    }),
    (folder) => ['-db', '-f', `${folder}/haproxy.cfg`],
  );
}

/** With TLS and HTTP/2 when there is a certificate. */
export function startCaddy(backend: number, tls?: Certificate): Promise<WebPeer> {
  const secure = tls === undefined ? '' : 'tls cert.pem key.pem';
  return start(
    'caddy',
    (port, folder) => ({
      'cert.pem': tls?.cert ?? '',
      'key.pem': tls?.key ?? '',
      Caddyfile: `{
  admin off
  auto_https off
  storage file_system ${folder}
}
${tls === undefined ? 'http' : 'https'}://localhost:${port}, ${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port} {
  bind ${HOST}
  ${secure}
  reverse_proxy ${HOST}:${backend}
}
`,
    }),
    (folder) => ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'],
  );
}

/** Serves its folder, which has `hello.txt`, over HTTP/2 with TLS. */
export function startNghttpd(tls: Certificate): Promise<WebPeer> {
  return start(
    'nghttpd',
    () => ({ 'cert.pem': tls.cert, 'key.pem': tls.key, 'hello.txt': 'hello from nghttpd\n' }),
    (folder, port) => ['-a', HOST, '-d', folder, String(port), `${folder}/key.pem`, `${folder}/cert.pem`],
  );
}

/** Sends bytes and collects what comes, until the peer ends it or says nothing more for a while. */
export function exchange(port: number, bytes: Uint8Array, quietMs = 400): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port });
    let received = '';
    const over = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.setTimeout(quietMs, over);
    socket.once('connect', () => void socket.write(bytes));
    socket.on('data', (chunk: Buffer) => void (received += chunk.toString('latin1')));
    socket.once('end', over);
    socket.once('close', over);
    socket.once('error', (error: Error & { code?: string }) =>
      error.code === 'ECONNREFUSED' ? reject(error) : over(),
    );
  });
}
