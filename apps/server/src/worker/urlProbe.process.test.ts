import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority, freePort, isInstalled, type PeerProcess, startPeer } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Installation } from '../run/installation.fixture.ts';

let installation: Installation | undefined;
let peer: PeerProcess | undefined;
afterEach(async () => {
  await peer?.close(5_000);
  await installation?.[Symbol.asyncDispose]();
});

/** An nginx that answers `/ready` over TLS. */
async function startNginx(folder: string, port: number): Promise<PeerProcess> {
  await writeFile(
    join(folder, 'nginx.conf'),
    `pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1; daemon off; master_process off; events {}
http {
  access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
    location = /ready { return 204; }
  }
}
`,
  );
  return startPeer('nginx', ['-p', folder, '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`]);
}

describe.skipIf(!isInstalled('nginx'))('what is probed by a URL', () => {
  it('is as ready, or as healthy, as the service that the URL names', async () => {
    installation = await Installation.start({ server: { port: 0 } });
    const { folder, client } = installation;
    const authority = createCertificateAuthority();
    const { cert, key } = authority.issue();
    await writeFile(join(folder, 'cert.pem'), cert);
    await writeFile(join(folder, 'key.pem'), key);
    const port = await freePort();
    const address = `https://127.0.0.1:${port}/ready`;
    const url = { address, verify: true, server_name: 'localhost', ca: authority.cert };
    await installation.write({
      server: { port: 0 },
      endpoints: [
        {
          id: 'lpar',
          host: '127.0.0.1',
          port,
          probe: { kind: 'none', url, interval_ms: 500, timeout_ms: 400, rise: 1, fall: 2 },
        },
      ],
      workers: [
        {
          id: 'app',
          command: ['sleep', '3600'],
          probes: { readiness: { url, period: '200ms', timeout: '2s', failure_threshold: 2 } },
        },
      ],
    });
    await client.reloadConfiguration();
    const readiness = async () => (await client.getResource('worker', 'app')).instances[0];

    await installation.until(async () => {
      expect(await readiness()).toMatchObject({
        state: 'running',
        health: { readiness: { status: 'failure', code: 'CONNECT_REFUSED', steps: [{ name: 'connect', ok: false }] } },
      });
      expect(await client.getEndpointHealth('lpar')).toMatchObject({
        status: 'unhealthy',
        steps: [{ name: 'url_connect', ok: false, code: 'CONNECT_REFUSED' }],
      });
    });

    peer = await startNginx(folder, port);
    await installation.until(async () => {
      expect(await readiness()).toMatchObject({
        state: 'ready',
        health: { readiness: { status: 'success', code: null } },
      });
      const steps = ['connect', 'tls', 'request'].map((name) => ({ name, ok: true, code: null }));
      expect((await readiness())?.health.readiness?.steps).toMatchObject(steps);
      expect((await client.getEndpointHealth('lpar')).status).toBe('healthy');
    });

    process.kill(peer.pid, 'SIGSTOP');
    await installation.until(async () => {
      expect(await readiness()).toMatchObject({
        state: 'running',
        health: { readiness: { status: 'failure', code: 'TIMEOUT' } },
      });
    });
    process.kill(peer.pid, 'SIGCONT');
    await installation.until(async () => expect(await readiness()).toMatchObject({ state: 'ready' }));
  });
});
