import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { createCertificateAuthority, isInstalled } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient } from '../client/client.ts';
import { compress } from '../middleware/compress.ts';
import { staticFiles } from '../middleware/staticFiles.ts';
import { text } from '../message.ts';
import { createRouter } from '../router/router.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { run, startCaddy, startHaproxy, startNghttpd, startNginx } from './peers.fixture.ts';

const authority = createCertificateAuthority();
const tls = authority.issue();
let folder: string;
let ca: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-http-'));
  ca = join(folder, 'ca.pem');
  await writeFile(ca, authority.cert);
  await writeFile(join(folder, 'ten.txt'), '0123456789');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const routes = () =>
  createRouter()
    .get('/hello/:name', ({ params, version }) => text(`hello ${params['name'] ?? ''} by ${version}\n`))
    .post('/echo', async ({ body }) => text(await body.text()))
    .get('/large', () => text('x'.repeat(200_000)), compress())
    .get('/files/*path', staticFiles({ folder }));

describe.skipIf(!isInstalled('curl'))('curl', () => {
  it.each([
    ['http/1.1', [], '1.1'],
    ['h2c by prior knowledge', ['--http2-prior-knowledge'], '2'],
  ] as const)('speaks %s with the server', async (_title, options, version) => {
    await using server = await serveHttp({ h2c: true }, routes());
    const url = `http://127.0.0.1:${server.port}`;
    expect((await run('curl', ['-sS', ...options, `${url}/hello/you`])).output).toBe(`hello you by ${version}\n`);
    expect((await run('curl', ['-sS', ...options, '-d', 'a=b', `${url}/echo`])).output).toBe('a=b');
    expect((await run('curl', ['-sS', ...options, '-r', '2-4', `${url}/files/ten.txt`])).output).toBe('234');
    const size = ['-sS', ...options, '--compressed', '-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
    const [status, bytes] = (await run('curl', [...size, `${url}/large`])).output.split(' ').map(Number);
    expect(status).toBe(200);
    expect(bytes).toBeLessThan(10_000);
    const expecting = ['-sS', ...options, '-H', 'Expect: 100-continue', '-d', 'x'.repeat(2_000), `${url}/echo`];
    expect((await run('curl', expecting)).output).toBe('x'.repeat(2_000));
  });

  it.each([
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ])('chooses %s over TLS', async (option, version) => {
    await using server = await serveHttp({ tls }, routes());
    const { output } = await run('curl', ['-sS', option, '--cacert', ca, `https://localhost:${server.port}/hello/you`]);
    expect(output).toBe(`hello you by ${version}\n`);
  });
});

describe.skipIf(!isInstalled('nghttp'))('nghttp2', () => {
  it('reads trailers and answers of the server', async () => {
    const router = createRouter().get('/', () => ({
      status: 200,
      body: 'abc',
      trailers: () => ({ 'x-sum': '900150' }),
    }));
    await using server = await serveHttp({ h2c: true }, router);
    const { output } = await run('nghttp', ['-v', '--no-dep', `http://127.0.0.1:${server.port}/`]);
    expect(output).toContain('x-sum: 900150');
    expect(output).toContain(':status: 200');
  });

  it.skipIf(!isInstalled('h2load'))('gets every answer under load', async () => {
    await using server = await serveHttp({ tls }, routes());
    const load = ['-n', '2000', '-c', '5', '-m', '20', `https://localhost:${server.port}/hello/you`];
    expect((await run('h2load', load)).output).toContain('2000 succeeded, 0 failed, 0 errored');
  });

  it.skipIf(!isInstalled('nghttpd'))('serves the client', async () => {
    await using peer = await startNghttpd(tls);
    await using client = createHttpClient({ tls: { ca: authority.cert } });
    const response = await client.get(`https://localhost:${peer.port}/hello.txt`, createScope({ timeoutMs: 10_000 }));
    expect([response.version, await response.body.text()]).toEqual(['2', 'hello from nghttpd\n']);
  });
});

describe.skipIf(!isInstalled('openssl'))('openssl s_client', () => {
  it.each([
    ['h2', 'h2'],
    ['http/1.1', 'http/1.1'],
  ])('agrees on %s with the server', async (offered, agreed) => {
    await using server = await serveHttp({ tls }, routes());
    const args = [
      's_client',
      '-connect',
      `localhost:${server.port}`,
      '-CAfile',
      ca,
      '-alpn',
      offered,
      '-verify_return_error',
    ];
    const { output } = await run('openssl', args, 'Q\n');
    expect(output).toContain(`ALPN protocol: ${agreed}`);
  });
});

describe.skipIf(!['nginx', 'haproxy', 'caddy'].every(isInstalled))('with a proxy between', () => {
  it.each([
    ['nginx', startNginx],
    ['haproxy', startHaproxy],
    ['caddy', startCaddy],
  ] as const)('%s the client reaches the server', async (_name, start) => {
    await using server = await serveHttp({}, routes());
    await using proxy = await start(server.port);
    await using client = createHttpClient();
    const scope = createScope({ timeoutMs: 20_000 });
    const url = `http://127.0.0.1:${proxy.port}`;
    const all = Array.from({ length: 30 }, async (_, index) =>
      (await client.get(`${url}/hello/${index}`, scope)).body.text(),
    );
    expect(await Promise.all(all)).toEqual(Array.from({ length: 30 }, (_, index) => `hello ${index} by 1.1\n`));
    const body = 'x'.repeat(300_000);
    const echoed = await client.request(`${url}/echo`, { method: 'POST', body }, scope);
    expect(await echoed.body.text()).toBe(body);
  });

  it.each([
    ['nginx', startNginx],
    ['caddy', startCaddy],
  ] as const)('%s the client speaks HTTP/2 over TLS', async (_name, start) => {
    await using server = await serveHttp({}, routes());
    await using proxy = await start(server.port, tls);
    await using client = createHttpClient({ tls: { ca: authority.cert } });
    const scope = createScope({ timeoutMs: 20_000 });
    const response = await client.get(`https://localhost:${proxy.port}/hello/you`, scope);
    expect([response.version, await response.body.text()]).toEqual(['2', 'hello you by 1.1\n']);
  });
});

describe('a server that is drained', () => {
  it.skipIf(!isInstalled('h2load'))('loses no request that it took', async () => {
    let answered = 0;
    const router = createRouter().get('/', () => text(String((answered += 1))));
    const server = await serveHttp({ h2c: true }, router);
    const load = run('h2load', ['-D', '3', '-c', '5', '-m', '5', `http://127.0.0.1:${server.port}/`]);
    await expect.poll(() => answered, { timeout: 10_000 }).toBeGreaterThan(100);
    expect(await server.drain()).toMatchObject({ cut: 0 });
    const succeeded = /(\d+) succeeded/.exec((await load).output)?.[1];
    expect(Number(succeeded)).toBe(answered);
  });
});
