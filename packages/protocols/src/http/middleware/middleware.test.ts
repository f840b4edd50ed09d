import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { createScope, type Logger, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { rawWorld } from '../conformance/raw.fixture.ts';
import { compose, type HttpHandler, type Middleware, type Note, text } from '../message.ts';
import { accessLog } from './accessLog.ts';
import { authenticate } from './authenticate.ts';
import { bodyLimit } from './bodyLimit.ts';
import { compress } from './compress.ts';
import { cors } from './cors.ts';
import { rateLimit } from './rateLimit.ts';
import { requestId, requestIdNote } from './requestId.ts';
import { timeLimit } from './timeLimit.ts';

/** What a request is answered with, through middleware. */
async function ask(
  middleware: Middleware,
  handler: HttpHandler,
  fields = '',
  method = 'GET',
  body = '',
): Promise<string> {
  using world = await rawWorld(compose([middleware], handler));
  const client = await world.connect();
  await client.send(Buffer.from(`${method} /x?secret=1 HTTP/1.1\r\nhost: a\r\n${fields}\r\n${body}`));
  await expect.poll(() => client.received.length).toBeGreaterThan(0);
  await client.quiet();
  return client.received.toString('latin1');
}

describe('authentication', () => {
  const principal: Note<string> = { name: 'principal' };
  const middleware = authenticate<string>({
    principal,
    verify: async (given) => {
      if (given.scheme === 'bearer') return given.token.reveal() === 'good' ? 'token' : undefined;
      return given.password.reveal() === 'pass:word' ? given.user : undefined;
    },
  });
  const handler: HttpHandler = ({ notes }) => text(`I am ${notes.get(principal)}`);
  const basic = (pair: string): string => `authorization: Basic ${Buffer.from(pair).toString('base64')}\r\n`;

  it.each([
    ['authorization: Bearer good\r\n', 'I am token'],
    ['authorization: bearer  good\r\n', 'I am token'],
    [basic('me:pass:word'), 'I am me'],
  ])('lets in %s', async (fields, expected) => {
    expect(await ask(middleware, handler, fields)).toContain(expected);
  });

  it.each([
    '',
    'authorization: Bearer bad\r\n',
    'authorization: Bearer\r\n',
    'authorization: Basic !!\r\n',
    basic('me'),
    basic('me:no'),
  ])('keeps out %s', async (fields) => {
    const answer = await ask(middleware, handler, fields);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/www-authenticate: Bearer realm="roundhouse"\r\nwww-authenticate: Basic realm="roundhouse"/);
  });
});

describe('CORS', () => {
  const middleware = cors({ origins: ['https://a.example'], credentials: true, exposedHeaders: ['x-a'] });
  const handler: HttpHandler = () => text('x');

  it('lets pages of the origin read, and no others', async () => {
    const good = await ask(middleware, handler, 'origin: https://a.example\r\n');
    expect(good).toContain('access-control-allow-origin: https://a.example\r\n');
    expect(good).toContain('access-control-allow-credentials: true\r\n');
    expect(good).toContain('vary: origin\r\n');
    const bad = await ask(middleware, handler, 'origin: https://b.example\r\n');
    expect(bad).not.toContain('access-control');
    expect(bad).toContain('vary: origin\r\n');
  });

  it('answers a preflight', async () => {
    const fields = 'origin: https://a.example\r\naccess-control-request-method: PUT\r\n';
    expect(await ask(middleware, handler, fields, 'OPTIONS')).toMatch(/204 [^]*access-control-allow-methods: GET, /);
  });

  it('does not let every page read as the user', () => {
    expect(() => cors({ origins: '*', credentials: true })).toThrow();
  });
});

describe('compression', () => {
  const long = 'abc '.repeat(1_000);
  const bodyOf = (answer: string): Buffer => Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');

  it('is what the client prefers', async () => {
    const zstd = await ask(compress(), () => text(long), 'accept-encoding: gzip, zstd\r\n');
    expect(zstd).toContain('content-encoding: zstd\r\n');
    expect(zstdDecompressSync(bodyOf(zstd)).toString()).toBe(long);
    const gzip = await ask(compress(), () => text(long, 200, { etag: '"a"' }), 'accept-encoding: gzip, zstd;q=0.5\r\n');
    expect(gzip).toContain('content-encoding: gzip\r\n');
    expect(gzip).toContain('etag: W/"a"\r\n');
    expect(gunzipSync(bodyOf(gzip)).toString()).toBe(long);
  });

  it.each([
    ['what is small', text('x'), 'accept-encoding: gzip\r\n'],
    ['what is compressed', text(long, 200, { 'content-encoding': 'br' }), 'accept-encoding: gzip\r\n'],
    ['what is not to be changed', text(long, 200, { 'cache-control': 'no-transform' }), 'accept-encoding: gzip\r\n'],
    ['pictures', text(long, 200, { 'content-type': 'image/png' }), 'accept-encoding: gzip\r\n'],
    ['events', text(long, 200, { 'content-type': 'text/event-stream' }), 'accept-encoding: gzip\r\n'],
    ['what the client does not take', text(long), ''],
    ['what the client refuses', text(long), 'accept-encoding: gzip;q=0, *;q=0\r\n'],
    ['what the client wants by Brotli alone', text(long), 'accept-encoding: br\r\n'],
  ])('leaves alone %s', async (_title, response, fields) => {
    expect(await ask(compress(), () => response, fields)).not.toMatch(/content-encoding: (gzip|zstd)/);
  });
});

describe('a rate', () => {
  it('is held for each client, and recovers', async () => {
    const clock = new FakeClock();
    const middleware = rateLimit(
      { ratePerSecond: 1, burst: 2, keyOf: ({ headers }) => headers['x-user'] ?? '' },
      { clock },
    );
    const statusOf = async (user: string): Promise<number> =>
      Number((await ask(middleware, () => text('x'), `x-user: ${user}\r\n`)).slice(9, 12));
    expect([await statusOf('a'), await statusOf('a'), await statusOf('a'), await statusOf('b')]).toEqual([
      200, 200, 429, 200,
    ]);
    expect(await ask(middleware, () => text('x'), 'x-user: a\r\n')).toContain('retry-after: 1\r\n');
    await clock.advance(1_000);
    expect(await statusOf('a')).toBe(200);
  });
});

describe('limits of a route', () => {
  it('bound its body, announced or not', async () => {
    const echo: HttpHandler = async ({ body }) => text(await body.text());
    expect(await ask(bodyLimit(3), echo, 'content-length: 4\r\n', 'POST', 'abcd')).toMatch(/^HTTP\/1\.1 413 /);
    const chunked = ['transfer-encoding: chunked\r\n', 'POST', '4\r\nabcd\r\n0\r\n\r\n'] as const;
    expect(await ask(bodyLimit(3), echo, ...chunked)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await ask(bodyLimit(4), echo, ...chunked)).toContain('abcd');
  });

  it('bound its time, and end its scope', async () => {
    let reason = '';
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const handler = timeLimit(50)((_request, own) => {
      own.onEnd(({ code }) => void (reason = code));
      return own.sleep(1_000).then(() => text('late'));
    });
    const answer = Promise.resolve(handler({} as Parameters<HttpHandler>[0], scope));
    const refused = expect(answer).rejects.toMatchObject({ code: 'HTTP_NO_ANSWER', status: 503 });
    await clock.advance(50);
    await refused;
    expect(reason).toBe('HTTP_NO_ANSWER');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a request', () => {
  it('has an id, which may be that of a client that is trusted', async () => {
    const handler: HttpHandler = ({ notes }) => text(notes.get(requestIdNote) ?? '');
    const made = requestId({ makeId: () => 'made' });
    expect(await ask(made, handler, 'x-request-id: theirs\r\n')).toMatch(/x-request-id: made\r\n[^]*\r\n\r\nmade$/);
    const trusting = requestId({ trustClient: true, makeId: () => 'made' });
    expect(await ask(trusting, handler, 'x-request-id: theirs\r\n')).toContain('\r\n\r\ntheirs');
    expect(await ask(trusting, handler, 'x-request-id: no good\r\n')).toContain('\r\n\r\nmade');
  });

  it('is in the log, without its query', async () => {
    const lines: unknown[] = [];
    const log: Logger = { ...silentLogger, info: (message, fields) => void lines.push({ message, ...fields }) };
    const deps = { log, clock: new FakeClock() };
    await ask(accessLog(deps), () => text('x'));
    await ask(accessLog(deps), () => {
      throw new Error('broken');
    });
    expect(lines).toMatchObject([
      { message: 'request', method: 'GET', path: '/x', status: 200, version: '1.1' },
      { status: 500, code: 'INTERNAL' },
    ]);
  });
});
