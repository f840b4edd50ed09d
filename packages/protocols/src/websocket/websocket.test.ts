import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetRuntime, type NetServer } from '@roundhouse/net';
import { constantBackoff, exponentialBackoff } from '@roundhouse/resilience';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectWebSocket, type WebSocketOptions } from './client.ts';
import type { WebSocketConnection } from './connection.ts';
import { echo } from './echo.fixture.ts';
import type { UpgradeRequest } from './handshake.ts';
import { createReconnectingWebSocket } from './reconnecting.ts';
import { serveWebSocket, type WebSocketHandler, type WebSocketServerOptions } from './server.ts';

let clock: FakeClock;
let runtime: NetRuntime;
let scope: Scope;
let servers: NetServer[];

beforeEach(() => {
  clock = new FakeClock();
  const { dialer, listen } = createMemoryNetwork();
  runtime = createRuntime({ clock, dialer, listen, random: () => 0.5 });
  scope = createScope({ clock });
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.abort();
  scope.end();
  await clock.advance(5_000);
  expect(clock.pendingTimers).toBe(0);
});

async function serve(handler: WebSocketHandler = echo, options: WebSocketServerOptions = {}): Promise<string> {
  const server = await serveWebSocket(options, handler, runtime, scope);
  servers.push(server);
  return `ws://localhost:${server.port}/`;
}

const connect = (url: string, options: Partial<WebSocketOptions> = {}): Promise<WebSocketConnection> =>
  connectWebSocket({ url, ...options }, scope, runtime);

describe('messages', () => {
  it('arrive as they were sent: text as text, bytes as bytes, in order', async () => {
    const socket = await connect(await serve());
    const sent = ['', 'grüß dich ✓', Uint8Array.of(0, 255), 'x'.repeat(70_000), new Uint8Array(200_000).fill(7)];
    for (const message of sent) void socket.send(message, scope);
    for (const message of sent) {
      const received = await socket.receive(scope);
      expect(typeof received === 'string' ? received : Buffer.from(received ?? [])).toEqual(
        typeof message === 'string' ? message : Buffer.from(message),
      );
    }
    await socket.drain();
  });

  it.each([{ contextTakeover: false }, { contextTakeover: true }])(
    'are compressed where both want it (%o), and small ones are not',
    async (compression) => {
      const url = await serve(echo, { compression });
      const socket = await connect(url, { compression });
      expect(socket.isCompressed).toBe(true);
      for (const message of [
        'a'.repeat(50_000),
        'small',
        'b'.repeat(50_000),
        JSON.stringify([...Array(3_000).keys()]),
      ]) {
        await socket.send(message, scope);
        expect(await socket.receive(scope)).toBe(message);
      }
      await socket.drain();
      expect((await connect(url)).isCompressed).toBe(false);
    },
  );

  it('that nobody takes hold the peer back, and all arrive in the end', async () => {
    const total = 2_000;
    const message = 'm'.repeat(1_000);
    let taken = 0;
    const url = await serve(async (connection) => {
      for (; taken < total; taken++) await connection.send(message, connection.scope);
      await connection.receive(connection.scope);
    });
    const socket = await connect(url, { limits: { maxQueuedMessages: 4 } });
    await clock.advance(0);
    await clock.advance(0);
    expect(taken).toBeLessThan(total);
    for (let count = 0; count < total; count++) expect(await socket.receive(scope)).toBe(message);
    socket.abort();
  });

  it('too large are refused with 1009, here and there', async () => {
    const url = await serve(echo, { messageLimits: { maxMessageBytes: 100 } });
    const socket = await connect(url);
    // Whether the system has taken it before the refusal comes is chance.
    void socket.send('x'.repeat(101), scope).catch(() => {});
    expect(await socket.ended).toMatchObject({ code: 1009, isClean: true });
    expect(await socket.closed).toMatchObject({
      by: 'remote',
      error: { code: 'PEER_REFUSED', remote: { status: '1009' } },
    });
  });

  it('beyond what may wait are refused before anything of them is sent', async () => {
    const url = await serve(async (connection) => void (await connection.closed));
    const socket = await connect(url, { limits: { maxBufferedBytes: 1_000_000 } });
    const sending = Array.from({ length: 5 }, () => socket.send(new Uint8Array(400_000), scope));
    const outcomes = await Promise.allSettled(sending.slice(2));
    expect(outcomes.map((each) => (each.status === 'rejected' ? (each.reason as object) : {}))).toEqual(
      Array.from({ length: 3 }, () =>
        expect.objectContaining({ code: 'WRITE_OVERFLOW', sent: 'none', retryable: true }),
      ),
    );
    socket.abort();
    await Promise.allSettled(sending);
  });

  it.each([
    ['are refused', 200, 1009],
    ['are taken where that is allowed', 1_100, 1000],
  ])('that are small on the way and large behind it %s', async (_what, maxRatio, code) => {
    const large = { maxMessageBytes: 16_777_216 };
    const url = await serve(echo, { compression: { maxRatio }, messageLimits: large });
    const socket = await connect(url, { compression: { maxRatio: 1_100 }, limits: large });
    const message = 'x'.repeat(2_000_000);
    void socket.send(message, scope).catch(() => {});
    if (code === 1000) expect(await socket.receive(scope)).toBe(message);
    void socket.close();
    expect(await socket.ended).toMatchObject({ code });
  });

  it('have a reader that can be given up, and one at a time', async () => {
    const socket = await connect(await serve());
    using short = scope.child({ timeoutMs: 100 });
    const waiting = socket.receive(short);
    await expect(socket.receive(scope)).rejects.toMatchObject({ code: 'INTERNAL' });
    void clock.advance(100);
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT', phase: 'read' });
    await socket.send('still there', scope);
    expect(await socket.receive(scope)).toBe('still there');
    await socket.drain();
  });
});

describe('the handshake', () => {
  it('agrees on the first sub-protocol of the server that the client has', async () => {
    const url = await serve(echo, { subprotocols: ['v2.chat', 'v1.chat'] });
    expect((await connect(url, { subprotocols: ['v1.chat', 'v2.chat'] })).subprotocol).toBe('v2.chat');
    expect((await connect(url, { subprotocols: ['other'] })).subprotocol).toBe(null);
  });

  it.each<[title: string, server: WebSocketServerOptions, client: Partial<WebSocketOptions>, error: object]>([
    [
      'an origin of another site',
      {},
      { headers: { Origin: 'https://evil.example' } },
      { code: 'PEER_REFUSED', remote: { status: '403' } },
    ],
    ['the origin null', {}, { headers: { Origin: 'null' } }, { remote: { status: '403' } }],
    [
      'an origin that is not listed',
      { origins: ['https://a.example'] },
      { headers: { Origin: 'https://b.example' } },
      { remote: { status: '403' } },
    ],
    [
      'whom authorize refuses',
      { authorize: () => ({ status: 401, reason: 'Who are you?' }) },
      {},
      { code: 'PEER_LOGIN_REFUSED', phase: 'authenticate' },
    ],
    [
      'all while authorize fails',
      { authorize: () => Promise.reject(new Error('x')) },
      {},
      { code: 'PEER_REFUSED', remote: { status: '500' } },
    ],
    [
      'who will be served later',
      { authorize: () => ({ status: 503, reason: 'Later.' }) },
      {},
      { code: 'PEER_UNAVAILABLE', retryable: true },
    ],
    ['another path', { path: '/chat' }, {}, { code: 'PEER_NOT_FOUND' }],
  ])('refuses %s', async (_title, server, client, error) => {
    await expect(connect(await serve(echo, server), client)).rejects.toMatchObject(error);
  });

  it('lets in the same site, those listed, and programs', async () => {
    const same = await serve();
    const { host } = new URL(same);
    await (await connect(same, { headers: { Origin: `http://${host}` } })).drain();
    const listed = await serve(echo, { origins: ['https://a.example'] });
    await (await connect(listed, { headers: { origin: 'https://A.example' } })).drain();
    await (await connect(listed)).drain();
  });

  it('shows the request to the handler', async () => {
    const seen = Promise.withResolvers<UpgradeRequest>();
    const url = await serve(async (_connection, request) => seen.resolve(request), { path: '/a' });
    const socket = await connect(`${url}a?b=c`, { headers: { Authorization: 'Bearer x' } });
    expect(await seen.promise).toMatchObject({
      method: 'GET',
      target: '/a?b=c',
      headers: { authorization: 'Bearer x' },
    });
    await socket.closed;
  });

  it.each([['http://localhost/'], ['ws://localhost/#part'], ['ws://joe:sesame@localhost/'], ['localhost:80']])(
    'is not tried with %s',
    async (url) => {
      const error: unknown = await connect(url).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'NET_OPTION_INVALID' });
      expect(String(error)).not.toContain('sesame');
    },
  );

  it.each([{ Host: 'x' }, { 'Sec-WebSocket-Key': 'x' }, { 'X-A': 'a\r\nB: c' }, { 'a b': 'x' }])(
    'takes no field that would change it: %o',
    async (headers) => {
      await expect(connect('ws://localhost:1/', { headers })).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
    },
  );
});

describe('the end', () => {
  it.each([
    [1000, 'bye'],
    [3000, 'a code of libraries'],
    [4999, ''],
  ])('is told with its code %i, clean on both sides', async (code, reason) => {
    const seen = Promise.withResolvers<unknown>();
    const url = await serve(async (connection) => {
      for await (const _message of connection);
      seen.resolve(await connection.ended);
    });
    const socket = await connect(url);
    expect(await socket.close(code, reason)).toMatchObject({ code, isClean: true });
    expect(await seen.promise).toEqual({ code, reason, isClean: true });
    expect(await socket.closed).toEqual({ by: 'local' });
  });

  it('of the handler is 1000, its failure 1011', async () => {
    const good = await connect(await serve(async () => {}));
    expect(await good.ended).toMatchObject({ code: 1000 });
    expect(await good.closed).toEqual({ by: 'remote' });
    const bad = await connect(await serve(async (connection) => void (await connection.ping(expired()))));
    expect(await bad.ended).toMatchObject({ code: 1011 });
    expect(await bad.closed).toMatchObject({ error: { code: 'PEER_UNAVAILABLE' } });
  });

  it.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5])('cannot have the code %d', async (code) => {
    const socket = await connect(await serve());
    await expect(socket.close(code)).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
    await socket.drain();
  });

  it('delivers what came before it', async () => {
    const url = await serve(async (connection) => {
      for (const text of ['a', 'b', 'c']) await connection.send(text, connection.scope);
    });
    const socket = await connect(url);
    await socket.closed;
    const received: unknown[] = [];
    for await (const message of socket) received.push(message);
    expect(received).toEqual(['a', 'b', 'c']);
  });

  it('does not come while the peer answers pings', async () => {
    const url = await serve(async (connection) => void (await connection.closed), { heartbeat: false });
    const socket = await connect(url, { timeouts: { idleMs: 1_000 } });
    for (let second = 0; second < 10; second++) await clock.advance(1_000);
    expect(socket.state).toBe('open');
    servers[0]?.abort();
    await expect(socket.receive(scope)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('cuts a server that is drained with 1001', async () => {
    const socket = await connect(await serve());
    await servers[0]?.drain();
    expect(await socket.ended).toMatchObject({ code: 1001, isClean: true });
  });
});

function expired(): Scope {
  const over = createScope({ clock });
  over.end();
  return over;
}

describe('a reconnecting WebSocket', () => {
  const backoff = constantBackoff(1_000);

  it('connects again when it is lost, resumes, and sends what waited, in order', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (connection) => {
      for await (const message of connection) {
        seen.push(message);
        if (message === 'cut') connection.abort();
      }
    });
    const socket = createReconnectingWebSocket(
      { url, backoff, resume: (connection, own) => connection.send('resume', own) },
      scope,
      runtime,
    );
    await socket.send('one', scope);
    void socket.send('cut', scope).catch(() => {});
    while (socket.connection !== null) await clock.advance(1);
    const waiting = [socket.send('two', scope), socket.send('three', scope)];
    await clock.advance(1_000);
    await Promise.all(waiting);
    await clock.advance(0);
    expect(seen).toEqual(['resume', 'one', 'cut', 'resume', 'two', 'three']);
    expect(socket.connections).toBe(2);
    expect(await socket.drain()).toMatchObject({ cut: 0 });
    expect(await socket.closed).toEqual({ by: 'local' });
  });

  it('delivers messages of all its connections to one reader', async () => {
    let count = 0;
    const url = await serve(async (connection) => {
      count += 1;
      await connection.send(`hello ${count}`, connection.scope);
      if (count < 3) await connection.close(1012);
      else await connection.closed;
    });
    const socket = createReconnectingWebSocket({ url, backoff }, scope, runtime);
    const received: unknown[] = [];
    const reading = (async () => {
      for await (const message of socket) if (received.push(message) === 3) break;
    })();
    for (let second = 0; second < 5; second++) await clock.advance(1_000);
    await reading;
    expect(received).toEqual(['hello 1', 'hello 2', 'hello 3']);
    socket.abort();
  });

  it('gives up on what would come again, and tells all who wait', async () => {
    const url = await serve(echo, { authorize: () => ({ status: 403, reason: 'No.' }) });
    const socket = createReconnectingWebSocket({ url, backoff }, scope, runtime);
    await expect(socket.send('x', scope)).rejects.toMatchObject({ code: 'PEER_REFUSED' });
    expect(await socket.closed).toMatchObject({ by: 'remote', error: { code: 'PEER_REFUSED' } });
    await expect(socket[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'PEER_REFUSED' });
  });

  it('ends when the peer says that all is over', async () => {
    const socket = createReconnectingWebSocket({ url: await serve(async () => {}), backoff }, scope, runtime);
    expect(await socket.closed).toEqual({ by: 'remote' });
  });

  it('waits longer each time, and not any more once a connection was stable', async () => {
    let connections = 0;
    let isStable = false;
    const url = await serve(async (connection) => {
      connections += 1;
      if (isStable) await connection.closed;
      else await connection.close(1012);
    });
    const growing = exponentialBackoff({ initialMs: 1_000, maxMs: 60_000, jitter: 'none' });
    const socket = createReconnectingWebSocket({ url, backoff: growing, stableMs: 5_000 }, scope, runtime);
    const after = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      await clock.advance(0);
      return connections;
    };
    const until = async (count: number): Promise<void> => {
      while (connections < count || (isStable ? socket.connection === null : socket.connection !== null))
        await after(0);
    };
    await until(1);
    expect(await after(999)).toBe(1);
    await after(1);
    await until(2);
    expect(await after(1_999)).toBe(2);
    isStable = true;
    await after(1);
    await until(3);
    await after(5_000);
    isStable = false;
    await socket.connection?.close(3000);
    await until(3);
    expect(await after(999)).toBe(3);
    await after(1);
    await until(4);
    socket.abort();
  });

  it('bounds what waits for a connection', async () => {
    const options = { url: 'ws://localhost:9/', backoff, maxWaiting: 1 };
    const socket = createReconnectingWebSocket(options, scope, runtime);
    const first = socket.send('one', scope);
    await expect(socket.send('two', scope)).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    socket.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
