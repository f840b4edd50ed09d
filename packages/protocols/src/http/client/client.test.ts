import { gzipSync, deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib';
import { createScope, Secret } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetServer } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { CookieJar } from 'tough-cookie';
import { afterEach, describe, expect, it } from 'vitest';
import { json, text } from '../message.ts';
import { createRouter, type Router } from '../router/router.ts';
import type { HttpServerOptions } from '../server/options.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { createHttpClient, type HttpClientOptions } from './client.ts';

const scope = createScope();
const open: { abort(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.abort();
});

/** A network in memory with one server per router, by port. */
async function world(options: HttpClientOptions, ...routers: readonly Router[]) {
  const network = createMemoryNetwork();
  const clock = new FakeClock();
  const runtime = createRuntime({ clock, dialer: network.dialer, listen: network.listen, random: () => 0.5 });
  const servers: NetServer[] = [];
  for (const router of routers)
    servers.push(await serveHttp({ h2c: true } satisfies HttpServerOptions, router, runtime));
  const client = createHttpClient(options, runtime);
  open.push(client, ...servers);
  const urls = servers.map(({ port }) => `http://localhost:${port}`);
  return { client, servers, clock, url: urls[0] as string, other: urls[1] as string };
}

describe.each([['http/1.1'], ['h2']] as const)('a client of %s', (version) => {
  const options = { versions: [version] };

  it('reads status, fields, body and trailers', async () => {
    const router = createRouter().get('/a/:name', ({ params, query }) => ({
      status: 203,
      headers: { 'x-a': '1', trailer: 'x-sum' },
      body: `${params['name']} ${query.get('q')}`,
      trailers: () => ({ 'x-sum': 'abc' }),
    }));
    const { client, url } = await world(options, router);
    const response = await client.get(`${url}/a/b%20c?q=%2B`, scope);
    expect(response).toMatchObject({ status: 203, version: version === 'h2' ? '2' : '1.1' });
    expect(response.headers).toMatchObject({ 'x-a': '1' });
    expect(await response.body.text()).toBe('b c +');
    expect(response.trailers).toMatchObject({ 'x-sum': 'abc' });
  });

  it('sends a body whole, as JSON, and in parts', async () => {
    const router = createRouter().post('/echo', async ({ body, headers }) =>
      json({ got: await body.text(), type: headers['content-type'] ?? null }),
    );
    const { client, url } = await world(options, router);
    const send = async (request: Parameters<typeof client.request>[1]) =>
      (await client.request(`${url}/echo`, { method: 'POST', ...request }, scope)).body.json();
    expect(await send({ body: 'abc' })).toEqual({ got: 'abc', type: null });
    expect(await send({ json: { a: 1 } })).toEqual({ got: '{"a":1}', type: 'application/json' });
    const parts = (async function* () {
      yield 'one ';
      yield Buffer.from('two');
    })();
    expect(await send({ body: parts })).toEqual({ got: 'one two', type: null });
  });

  it('uses a connection again, and ends it when it was idle long enough', async () => {
    const { client, url, servers, clock } = await world(
      options,
      createRouter().get('/', () => text('x')),
    );
    for (let count = 0; count < 3; count++) await (await client.get(url, scope)).body.bytes();
    expect(servers[0]?.stats().accepted).toBe(1);
    await clock.advance(30_000);
    await expect.poll(() => client.connections).toBe(0);
  });

  it('holds a server back that sends more than is read', async () => {
    let made = 0;
    const router = createRouter().get('/', () => ({
      status: 200,
      body: (async function* () {
        for (; made < 1_000; made++) yield Buffer.alloc(65_536);
      })(),
    }));
    const { client, url } = await world({ ...options, maxBodyBytes: 100_000_000 }, router);
    const response = await client.get(url, scope);
    let [before, still] = [-1, 0];
    for (; still < 50; still = made === before ? still + 1 : 0) {
      before = made;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(made).toBeLessThan(100);
    let bytes = 0;
    for await (const part of response.body) bytes += part.length;
    expect(bytes).toBe(65_536_000);
  });

  it('refuses a body beyond its limit, announced or not', async () => {
    const router = createRouter()
      .get('/whole', () => text('x'.repeat(1_001)))
      .get('/parts', () => ({
        status: 200,
        body: (async function* () {
          for (let count = 0; count < 11; count++) yield 'x'.repeat(100);
        })(),
      }));
    const { client, url } = await world({ ...options, maxBodyBytes: 1_000 }, router);
    for (const [path, isAwaited] of [
      ['/whole', false],
      ['/parts', false],
      ['/parts', true],
    ] as const) {
      const response = await client.get(url + path, scope);
      // All of it may have arrived before anybody reads.
      if (isAwaited) await expect.poll(() => client.inFlight).toBe(0);
      await expect(response.body.bytes()).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    }
    expect(client.inFlight).toBe(0);
  });

  it('gives up in time when the answer does not come, and leaves nothing behind', async () => {
    const router = createRouter().get('/', (_request, own) => own.sleep(600_000).then(() => text('late')));
    const { client, url, clock } = await world({ ...options, timeouts: { requestMs: 500 } }, router);
    const answer = client.get(url, scope);
    const refused = expect(answer).rejects.toMatchObject({ code: 'TIMEOUT', phase: 'request', sent: 'maybe' });
    await clock.advance(500);
    await refused;
    expect(client.inFlight).toBe(0);
  });

  it('frees its connection when the caller gives up', async () => {
    let ended = 0;
    const router = createRouter().get('/', (_request, own) => {
      own.onEnd(() => void ended++);
      return own.sleep(600_000).then(() => text('late'));
    });
    const { client, url } = await world(options, router);
    const own = createScope();
    const answer = client.get(url, own);
    await expect.poll(() => client.connections).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    own.end();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => ended).toBe(1);
    expect(client.inFlight).toBe(0);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['zstd', zstdCompressSync],
  ] as const)('decodes %s', async (encoding, encode) => {
    const router = createRouter().get('/', ({ headers }) => ({
      status: 200,
      headers: { 'content-encoding': encoding },
      body: encode(`you take ${headers['accept-encoding']}`),
    }));
    const { client, url } = await world(options, router);
    const response = await client.get(url, scope);
    expect(await response.body.text()).toBe('you take zstd, gzip, deflate');
    expect(response.headers['content-encoding']).toBeUndefined();
  });

  it('does not let a small answer grow without a bound', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const router = createRouter().get('/', () => ({
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body: bomb,
    }));
    const { client, url } = await world({ ...options, maxBodyBytes: 100_000_000 }, router);
    const response = await client.get(url, scope);
    await expect(response.body.bytes()).rejects.toMatchObject({ code: 'HTTP_CONTENT_ENCODING' });
  });

  it('never decodes Brotli', async () => {
    const router = createRouter().get('/', () => ({
      status: 200,
      headers: { 'content-encoding': 'br' },
      body: 'as it is',
    }));
    const { client, url } = await world(options, router);
    const response = await client.get(url, scope);
    expect(await response.body.text()).toBe('as it is');
    expect(response.headers['content-encoding']).toBe('br');
  });

  it('drains: what is under way is finished, what is new refused', async () => {
    const gate = Promise.withResolvers<void>();
    const router = createRouter().get('/', () => gate.promise.then(() => text('done')));
    const { client, url } = await world(options, router);
    const answer = client.get(url, scope);
    await expect.poll(() => client.connections).toBe(1);
    const drained = client.drain();
    await expect(client.get(url, scope)).rejects.toMatchObject({ code: 'DRAINING' });
    gate.resolve();
    expect(await (await answer).body.text()).toBe('done');
    expect(await drained).toMatchObject({ finished: 1, cut: 0 });
  });
});

describe('a client', () => {
  it('follows redirects, and tells its credentials to their origin alone', async () => {
    const seen: (string | undefined)[] = [];
    const target = createRouter().get('/there', ({ headers }) => {
      seen.push(headers['authorization'], headers['x-mine']);
      return text('there');
    });
    let there = '';
    const router = createRouter()
      .get('/near', () => ({ status: 302, headers: { location: '/far' } }))
      .get('/far', ({ headers }) => {
        seen.push(headers['authorization']);
        return { status: 307, headers: { location: `${there}/there` } };
      });
    const { client, url, other } = await world({}, router, target);
    there = other;
    const headers = { Authorization: 'Bearer abc', 'X-Mine': '1' };
    const response = await client.request(`${url}/near`, { headers }, scope);
    expect(await response.body.text()).toBe('there');
    expect(response.url).toBe(`${other}/there`);
    expect(seen).toEqual(['Bearer abc', undefined, '1']);
  });

  it('stops when there are too many redirects', async () => {
    const router = createRouter().get('/', () => ({ status: 302, headers: { location: '/' } }));
    const { client, url } = await world({ maxRedirects: 3 }, router);
    await expect(client.get(url, scope)).rejects.toMatchObject({ code: 'HTTP_REDIRECT_REFUSED' });
    const response = await client.request(url, { maxRedirects: 0 }, scope);
    expect(response.status).toBe(302);
    response.discard();
  });

  it('keeps cookies in the jar that it is given, and without one keeps none', async () => {
    const router = createRouter()
      .get('/set', () => ({ status: 204, headers: { 'set-cookie': ['a=1; Path=/', 'b=2; Path=/only'] } }))
      .get('/get', ({ headers }) => text(headers['cookie'] ?? 'none'));
    for (const [options, expected] of [
      [{ cookies: new CookieJar() }, 'a=1'],
      [{}, 'none'],
    ] as const) {
      const { client, url } = await world(options, router);
      await (await client.get(`${url}/set`, scope)).body.bytes();
      expect(await (await client.get(`${url}/get`, scope)).body.text()).toBe(expected);
    }
  });

  it('asks again on a new connection when the server has ended the one that was kept', async () => {
    let count = 0;
    const router = createRouter().get('/', () => text(String((count += 1))));
    const { client, url, servers } = await world({}, router);
    await (await client.get(url, scope)).body.bytes();
    const { port } = servers[0] as NetServer;
    expect(port).toBeGreaterThan(0);
    expect(await (await client.get(url, scope)).body.text()).toBe('2');
  });

  it('opens no more connections than it may, and the rest waits', async () => {
    let [now, most] = [0, 0];
    const router = createRouter().get('/', async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return text('x');
    });
    const { client, url } = await world({ maxPerOrigin: 3 }, router);
    const all = Array.from({ length: 20 }, async () => (await client.get(url, scope)).body.text());
    expect(await Promise.all(all)).toHaveLength(20);
    expect(most).toBe(3);
    const { client: small, url: there } = await world({ maxPerOrigin: 1, maxWaiting: 1 }, router);
    const outcomes = await Promise.allSettled([1, 2, 3].map(async () => (await small.get(there, scope)).body.text()));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'POOL_EXHAUSTED' } },
    ]);
  });

  it('tells of progress both ways', async () => {
    const router = createRouter().post('/', async ({ body }) => text((await body.text()).repeat(2)));
    const { client, url } = await world({}, router);
    const told: unknown[] = [];
    const options = { method: 'POST', body: 'abc', onProgress: (each: unknown) => void told.push(each) };
    await (await client.request(url, options, scope)).body.bytes();
    expect(told).toEqual([
      { direction: 'sent', bytes: 3, total: 3 },
      { direction: 'received', bytes: 6, total: 6 },
    ]);
  });

  it('sends whole URLs to a proxy, and names of credentials never', async () => {
    const seen: string[] = [];
    const proxy = createRouter().get('/x', ({ authority }) => {
      seen.push(authority);
      return text('by proxy');
    });
    const network = createMemoryNetwork();
    const runtime = createRuntime({ dialer: network.dialer, listen: network.listen });
    const server = await serveHttp({}, proxy, runtime);
    const options = { proxy: { host: 'proxy', port: server.port }, credentials: new Secret('s3cret') };
    const client = createHttpClient(options, runtime);
    open.push(server, client);
    expect(await (await client.get('http://far.example/x', scope)).body.text()).toBe('by proxy');
    expect(seen).toEqual(['far.example']);
  });

  it.each(['ftp://a/', '/x', 'http://me:pw@a/'])('refuses %s', async (url) => {
    const { client } = await world({});
    await expect(client.get(url, scope)).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});
