import { once } from 'node:events';
import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { createScope, Secret, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetFact } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectHttp, serveHttp } from '../http/index.ts';
import { Echo, echoDescriptorSet, echoService } from './echo.fixture.ts';
import { healthMethod } from './health.ts';
import {
  binaryMetadata,
  connectGrpc,
  type GrpcConnectOptions,
  grpcService,
  type GrpcServerOptions,
  grpcStatusOf,
  loadServices,
  serveGrpc,
} from './index.ts';
import { loadLibrary } from './library.ts';

// Loaded with the first connection, which takes real time.
beforeAll(async () => void (await loadLibrary()));

const parts = new Set<{ abort(): void }>();
afterEach(() => {
  for (const each of parts) each.abort();
  parts.clear();
});

async function turns(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000 && !isDone(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
}

/** A server of Echo and a client on a network in memory, with a clock that stands still. */
async function world({
  client: clientOptions = {},
  server: serverOptions = {},
}: {
  client?: Partial<GrpcConnectOptions>;
  server?: GrpcServerOptions;
} = {}) {
  const network = createMemoryNetwork();
  const clock = new FakeClock();
  const facts: NetFact[] = [];
  const runtime = createRuntime({
    clock,
    dialer: network.dialer,
    listen: network.listen,
    observer: { observe: (fact) => void facts.push(fact) },
  });
  const scope = createScope({ clock });
  const waiting: Scope[] = [];
  const service = echoService((each) => void waiting.push(each));
  const server = await serveGrpc(serverOptions, [service], runtime);
  const session = await connectGrpc({ host: 'localhost', port: server.port, ...clientOptions }, scope, runtime);
  parts.add(server).add(session);
  return { clock, facts, runtime, scope, server, session, waiting, echo: session.client(Echo) };
}

async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as Record<string, unknown>,
  );
}

async function* texts(...all: readonly string[]) {
  for (const text of all) yield { text };
}

describe('a call', () => {
  it('of each kind is answered', async () => {
    const { echo, scope } = await world();
    expect((await echo.say({ text: 'hello' }, scope)).text).toBe('hello');
    const repeated = await Array.fromAsync(echo.repeat({ text: 'a', times: 3 }, scope), ({ text }) => text);
    expect(repeated).toEqual(['a 0', 'a 1', 'a 2']);
    expect((await echo.join(texts('a', 'b', 'c'), scope)).text).toBe('a b c');
    const chatted = await Array.fromAsync(echo.chat(texts('x', 'y'), scope), ({ text }) => text);
    expect(chatted).toEqual(['x', 'y']);
  });

  it('streams both ways at once: each reply may come before the next request', async () => {
    const { echo, scope } = await world();
    let answered = Promise.withResolvers<void>();
    const replies: string[] = [];
    const requests = (async function* () {
      for (const text of ['1', '2', '3']) {
        answered = Promise.withResolvers<void>();
        yield { text };
        await answered.promise;
      }
    })();
    for await (const { text } of echo.chat(requests, scope)) {
      replies.push(text);
      answered.resolve();
    }
    expect(replies).toEqual(['1', '2', '3']);
  });

  it('carries metadata both ways, text and bytes', async () => {
    const { echo, scope } = await world({ client: { metadata: { 'x-said': 'all' } } });
    const told: Record<string, string>[] = [];
    const options = {
      onHeaders: (each: object) => void told.push({ ...each }),
      onTrailers: (each: object) => void told.push({ ...each }),
    };
    await echo.say({ text: '' }, scope, options);
    expect(told[0]).toMatchObject({ 'x-heard': 'all' });
    expect(binaryMetadata(told[1] as Record<string, string>, 'x-heard-bin')).toEqual([
      Uint8Array.from(Buffer.from('all')),
    ]);
  });

  it('works on descriptors that were read at run time', async () => {
    const { session, scope } = await world();
    const services = await loadServices(echoDescriptorSet());
    expect(services.names).toEqual(['roundhouse.test.Echo']);
    const reply = await session.unary(services.method('roundhouse.test.Echo/Say'), { text: 'x' }, scope);
    expect(reply['text']).toBe('x');
    const join = services.method('roundhouse.test.Echo/Join');
    expect(await Array.fromAsync(session.stream(join, texts('a', 'b'), scope))).toMatchObject([{ text: 'a b' }]);
    expect(() => services.method('roundhouse.test.Echo/Sya')).toThrow(
      expect.objectContaining({ code: 'GRPC_METHOD_UNKNOWN', hint: 'Did you mean roundhouse.test.Echo/Say?' }),
    );
    await expect(loadServices(Buffer.from('no descriptors'))).rejects.toMatchObject({
      code: 'GRPC_DESCRIPTORS_INVALID',
    });
  });

  it('is compressed when both sides are told to', async () => {
    const { echo, scope } = await world({ client: { compression: 'gzip' }, server: { compression: 'gzip' } });
    const text = 'again and '.repeat(1_000);
    expect((await echo.say({ text }, scope)).text).toBe(text);
  });

  it('does not begin in a scope that has ended', async () => {
    const { echo, scope, facts } = await world();
    const own = scope.child();
    own.end();
    expect(await failure(echo.say({ text: 'x' }, own))).toMatchObject({ code: 'CANCELLED' });
    expect(facts.filter(({ type }) => type === 'operationStarted')).toEqual([]);
  });
});

describe('the time of a call', () => {
  it('ends it on both sides, by the clock of each', async () => {
    const { clock, echo, scope, session, waiting, facts } = await world();
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope, { timeoutMs: 2_000 }));
    await turns(() => waiting.length === 1);
    expect((waiting[0] as Scope).deadline).toBeLessThanOrEqual(2_000);
    await clock.advance(2_000);
    expect(await pending).toMatchObject({ code: 'TIMEOUT', protocol: 'grpc', sent: 'maybe', retryable: true });
    await turns(() => facts.filter(({ type }) => type === 'operationEnded').length === 2);
    session.abort();
  });

  it('is 30 seconds when nobody says', async () => {
    const { clock, echo, scope, waiting } = await world();
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope));
    await turns(() => waiting.length === 1);
    await clock.advance(29_999);
    await clock.advance(1);
    expect(await pending).toMatchObject({ code: 'TIMEOUT' });
  });

  it('is bounded by the server, which says so', async () => {
    const { clock, echo, scope, waiting } = await world({ server: { timeouts: { requestMs: 1_000 } } });
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope));
    await turns(() => waiting.length === 1);
    await clock.advance(1_000);
    const error = await pending;
    expect(error).toMatchObject({ code: 'TIMEOUT', sent: 'all', remote: { status: 'DEADLINE_EXCEEDED' } });
  });

  it('between two messages is bounded too', async () => {
    const { clock, echo, scope, waiting } = await world();
    const replies = echo.repeat({ text: 'x', times: -1 }, scope, { timeoutMs: Infinity, idleMs: 5_000 });
    const iterator = replies[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ text: 'x 0' });
    const pending = failure(iterator.next());
    await turns(() => waiting.length === 1);
    await clock.advance(5_000);
    expect(await pending).toMatchObject({ code: 'TIMEOUT', phase: 'read' });
    await turns(() => (waiting[0] as Scope).signal.aborted);
  });
});

describe('a call that is given up', () => {
  it('ends at once, and its handler learns of it', async () => {
    const { echo, scope, waiting } = await world();
    const own = scope.child();
    const pending = failure(echo.say({ text: 'x', times: -1 }, own));
    await turns(() => waiting.length === 1);
    own.end();
    expect(await pending).toMatchObject({ code: 'CANCELLED' });
    await turns(() => (waiting[0] as Scope).signal.aborted);
  });

  it('by leaving its replies ends the same way', async () => {
    const { echo, facts, scope, session, waiting } = await world();
    for await (const { text } of echo.repeat({ text: 'x', times: -2 }, scope)) {
      expect(text).toBe('x 0');
      break;
    }
    await turns(() => session.inFlight === 0 && waiting.every(({ signal }) => signal.aborted));
    await turns(() => facts.filter(({ type, role }) => type === 'operationEnded' && role === 'server').length === 1);
    expect((await echo.say({ text: 'still' }, scope)).text).toBe('still');
  });

  it('by a server that does not want more requests does not wait for them', async () => {
    const { echo, scope } = await world();
    let isLeft = false;
    const requests = (async function* () {
      try {
        yield { text: 'no', status: 9 };
        await new Promise(() => {});
      } finally {
        isLeft = true;
      }
    })();
    const error = await failure(echo.join(requests, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'FAILED_PRECONDITION', text: 'no' } });
    expect(isLeft).toBe(false);
    expect((await echo.say({ text: 'still' }, scope)).text).toBe('still');
  });
});

describe('a limit', () => {
  const large = { text: 'x'.repeat(2_000) };

  it.each(['none', 'gzip'] as const)(
    'of what a server takes is RESOURCE_EXHAUSTED (compression %s)',
    async (compression) => {
      const limits = { maxReceiveBytes: 1_000 };
      const { echo, scope } = await world({ client: { compression }, server: { limits, compression } });
      const error = await failure(echo.say(large, scope));
      expect(error).toMatchObject({ code: 'PEER_REFUSED', retryable: false, remote: { status: 'RESOURCE_EXHAUSTED' } });
      expect((await echo.say({ text: 'small' }, scope)).text).toBe('small');
    },
  );

  it.each(['none', 'gzip'] as const)(
    'of what a client takes is MESSAGE_TOO_LARGE (compression %s)',
    async (compression) => {
      const limits = { maxReceiveBytes: 1_000 };
      const { echo, scope } = await world({ client: { limits, compression }, server: { compression } });
      expect(await failure(echo.say({ text: 'x', times: 2_000 }, scope))).toMatchObject({
        code: 'MESSAGE_TOO_LARGE',
        protocol: 'grpc',
      });
      expect((await echo.say({ text: 'small' }, scope)).text).toBe('small');
    },
  );

  it('of what a client sends is known before anything is sent', async () => {
    const { echo, facts, scope } = await world({ client: { limits: { maxSendBytes: 1_000 } } });
    expect(await failure(echo.say(large, scope))).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE' });
    expect(
      await failure(
        echo.join(
          (async function* () {
            yield large;
          })(),
          scope,
        ),
      ),
    ).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE' });
    const ended = facts.find(({ type, role }) => type === 'operationEnded' && role === 'client');
    expect(ended).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE', sent: 'none' });
  });

  it('of what a server sends is RESOURCE_EXHAUSTED', async () => {
    const { echo, scope } = await world({ server: { limits: { maxSendBytes: 1_000 } } });
    const error = await failure(echo.say({ text: 'x', times: 2_000 }, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'RESOURCE_EXHAUSTED' } });
  });

  it('of calls at a time turns more away', async () => {
    const { echo, scope, waiting } = await world({ client: { limits: { maxCalls: 1 } } });
    const own = scope.child();
    const pending = failure(echo.say({ text: 'x', times: -1 }, own));
    await turns(() => waiting.length === 1);
    expect(await failure(echo.say({ text: 'y' }, scope))).toMatchObject({ code: 'POOL_EXHAUSTED', sent: 'none' });
    own.end();
    await pending;
  });

  it('of metadata holds before it is sent', async () => {
    const { echo, scope } = await world();
    const metadata = { 'x-large': 'x'.repeat(20_000) };
    expect(await failure(echo.say({ text: '' }, scope, { metadata }))).toMatchObject({ code: 'GRPC_METADATA_INVALID' });
    expect(await failure(echo.say({ text: '' }, scope, { metadata: { 'grpc-status': '0' } }))).toMatchObject({
      code: 'GRPC_METADATA_INVALID',
    });
  });

  it.each([
    ['maxReceiveBytes', 0],
    ['maxSendBytes', 1.5],
    ['maxMetadataBytes', -1],
    ['maxCalls', 2 ** 31],
  ])('that is none is refused: %s = %d', async (name, value) => {
    const scope = createScope();
    const options = { host: 'localhost', port: 1, limits: { [name]: value } };
    expect(await failure(connectGrpc(options, scope))).toMatchObject({ code: 'NET_OPTION_INVALID' });
    expect(await failure(serveGrpc({ limits: { [name]: value } }, []))).toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});

describe('a server', () => {
  it('lets calls end when it is drained, and takes no new ones', async () => {
    const { clock, echo, scope, server, session } = await world();
    const gate = Promise.withResolvers<void>();
    const requests = (async function* () {
      yield { text: 'a' };
      await gate.promise;
      yield { text: 'b' };
    })();
    const replies = echo.chat(requests, scope)[Symbol.asyncIterator]();
    expect((await replies.next()).value).toMatchObject({ text: 'a' });
    const draining = server.drain();
    await turns(() => session.state === 'draining');
    expect(await failure(echo.say({ text: 'no' }, scope))).toMatchObject({
      code: 'DRAINING',
      protocol: 'grpc',
      sent: 'none',
    });
    gate.resolve();
    expect((await replies.next()).value).toMatchObject({ text: 'b' });
    expect((await replies.next()).done).toBe(true);
    expect(await draining).toMatchObject({ cut: 0 });
    await session.closed;
    expect(clock.pendingTimers).toBe(0);
  });

  it('answers what it does not have with UNIMPLEMENTED, a method without a handler too', async () => {
    const { runtime, scope, session } = await world();
    const server = await serveGrpc({}, [grpcService(Echo, {})], runtime);
    const bare = await connectGrpc({ host: 'localhost', port: server.port }, scope, runtime);
    parts.add(server).add(bare);
    const error = await failure(bare.client(Echo).say({ text: '' }, scope));
    expect(error).toMatchObject({ code: 'PEER_NOT_FOUND', remote: { status: 'UNIMPLEMENTED' } });
    const { service, ...file } = await loadServices(echoDescriptorSet());
    const other = {
      ...file.method('roundhouse.test.Echo/Say'),
      parent: { ...service('roundhouse.test.Echo'), typeName: 'x.Y' },
    };
    expect(await failure(session.unary(other, {}, scope))).toMatchObject({
      code: 'PEER_NOT_FOUND',
      remote: { status: 'UNIMPLEMENTED' },
    });
  });

  it('tells nobody why it failed by itself', async () => {
    const { runtime, scope } = await world();
    const service = grpcService(Echo, {
      say: () => {
        throw new Error('the password is 1234');
      },
    });
    const server = await serveGrpc({}, [service], runtime);
    const session = await connectGrpc({ host: 'localhost', port: server.port }, scope, runtime);
    parts.add(server).add(session);
    const error = await failure(session.client(Echo).say({ text: '' }, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'INTERNAL', text: 'The service failed' } });
  });

  it('says how it is, also to those who watch', async () => {
    const { echo, runtime, scope, server, session } = await world();
    expect(await session.health(scope)).toBe('SERVING');
    expect(await session.health(scope, 'roundhouse.test.Echo')).toBe('SERVING');
    server.health.set('roundhouse.test.Echo', 'NOT_SERVING');
    expect(await session.health(scope, 'roundhouse.test.Echo')).toBe('NOT_SERVING');
    expect(await failure(session.health(scope, 'nobody'))).toMatchObject({
      code: 'PEER_NOT_FOUND',
      remote: { status: 'NOT_FOUND' },
    });
    expect((await echo.say({ text: 'x' }, scope)).text).toBe('x');

    const watched = await serveGrpc({}, [], runtime);
    const watcher = await connectGrpc({ host: 'localhost', port: watched.port }, scope, runtime);
    parts.add(watched).add(watcher);
    const statuses: unknown[] = [];
    const method = await healthMethod('watch', await loadLibrary());
    const watching = (async () => {
      const requests = (async function* () {
        yield { service: '' };
      })();
      for await (const { status } of watcher.stream(method, requests, scope)) statuses.push(status);
    })();
    await turns(() => statuses.length === 1);
    watched.health.set('', 'NOT_SERVING');
    await turns(() => statuses.length === 2);
    watched.health.set('', 'SERVING');
    await turns(() => statuses.length === 3);
    const report = watched.drain();
    expect(await failure(watching)).toMatchObject({ code: 'PEER_UNAVAILABLE', retryable: true });
    expect(await report).toMatchObject({ cut: 0 });
    expect(statuses).toEqual([1, 2, 1, 2]);
  });

  it.each([
    ['GET', '/roundhouse.test.Echo/Say', { 'content-type': 'application/grpc' }, 405],
    ['POST', '/roundhouse.test.Echo/Say', { 'content-type': 'text/plain' }, 415],
    ['POST', '/roundhouse.test.Echo/Say', {}, 415],
  ])('answers %s %s %o with %d', async (method, target, headers, status) => {
    const { runtime, scope, server } = await world();
    const http = await connectHttp({ host: 'localhost', port: server.port, versions: ['h2'] }, scope, runtime);
    parts.add(http);
    const request = {
      method,
      target,
      authority: 'localhost',
      scheme: 'http',
      headers,
      body: null,
      maxBodyBytes: 1_000,
    } as const;
    expect((await http.request(request, scope)).status).toBe(status);
  });

  it('closes a stream whose client goes on sending behind the answer (RFC 9113 §8.1)', async () => {
    const { runtime, scope, server } = await world();
    const { stream: socket } = await runtime.dialer.dial({ host: 'localhost', port: server.port }, scope);
    const client = connect('http://localhost', { createConnection: () => socket });
    parts.add({ abort: () => client.destroy() });
    const fields = { ':method': 'POST', ':path': '/roundhouse.test.Echo/Join', 'content-type': 'application/grpc' };
    const stream = client.request(fields, { endStream: false });
    // EchoRequest { status: 9 }
    stream.write(Buffer.of(0, 0, 0, 0, 2, 0x18, 9));
    stream.resume();
    const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
    expect(trailers['grpc-status']).toBe('9');
    await turns(() => stream.closed);
    expect(stream.rstCode).toBe(0);
    await turns(() => server.inFlight === 0);
  });

  it('answers HTTP/1.1 with 505', async () => {
    const { runtime, scope, server } = await world();
    const http = await connectHttp({ host: 'localhost', port: server.port }, scope, runtime);
    parts.add(http);
    const request = {
      method: 'POST',
      target: '/',
      authority: 'localhost',
      scheme: 'http',
      headers: {},
      body: null,
      maxBodyBytes: 1_000,
    } as const;
    expect((await http.request(request, scope)).status).toBe(505);
  });

  it.each([
    ['x', 3],
    ['1', 3],
    ['123456789m', 3],
    ['1m', 0],
  ])('reads grpc-timeout %s: status %d', async (timeout, status) => {
    const { runtime, scope, server } = await world();
    const http = await connectHttp({ host: 'localhost', port: server.port, versions: ['h2'] }, scope, runtime);
    parts.add(http);
    const headers = { 'content-type': 'application/grpc', 'grpc-timeout': timeout, te: 'trailers' };
    const request = {
      method: 'POST',
      target: '/roundhouse.test.Echo/Say',
      authority: 'localhost',
      scheme: 'http',
      headers,
      body: Buffer.alloc(5),
      maxBodyBytes: 1_000,
    } as const;
    const response = await http.request(request, scope);
    await response.body.bytes();
    expect(Number({ ...response.headers, ...response.trailers }['grpc-status'])).toBe(status);
  });

  it.each([
    ['a flag for compression that nobody agreed on', Buffer.of(1, 0, 0, 0, 0), /^13$/],
    ['a message that is cut', Buffer.of(0, 0, 0, 0, 9, 1), /^3$/],
    ['no message', Buffer.alloc(0), /^12$/],
    ['two messages', Buffer.alloc(10), /^12$/],
    ['bytes that are no message', Buffer.of(0, 0, 0, 0, 1, 0xff), /^13$/],
  ])('answers %s with a status', async (_what, body, status) => {
    const { runtime, scope, server } = await world();
    const http = await connectHttp({ host: 'localhost', port: server.port, versions: ['h2'] }, scope, runtime);
    parts.add(http);
    const headers = { 'content-type': 'application/grpc', te: 'trailers' };
    const request = {
      method: 'POST',
      target: '/roundhouse.test.Echo/Say',
      authority: 'localhost',
      scheme: 'http',
      headers,
      body,
      maxBodyBytes: 1_000,
    } as const;
    const response = await http.request(request, scope);
    await response.body.bytes();
    expect({ ...response.headers, ...response.trailers }['grpc-status']).toMatch(status);
  });
});

describe('a client', () => {
  const at = { host: 'localhost' } as const;

  it('says none of the request was sent where nobody listens', async () => {
    const { runtime, scope, server } = await world();
    server.abort();
    const error = await failure(connectGrpc({ ...at, port: server.port }, scope, runtime));
    expect(error).toMatchObject({ code: 'CONNECT_REFUSED', sent: 'none', retryable: true, protocol: 'grpc' });
  });

  it('says maybe when the connection breaks behind the request, and refuses more', async () => {
    const { echo, scope, server, session, waiting } = await world();
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope));
    await turns(() => waiting.length === 1);
    server.abort();
    expect(await pending).toMatchObject({ code: 'CONNECTION_LOST', sent: 'maybe', protocol: 'grpc' });
    await session.closed;
    expect(await failure(echo.say({ text: 'x' }, scope))).toMatchObject({ code: 'CONNECTION_CLOSED', sent: 'none' });
  });

  it('sends a token over TLS alone', async () => {
    const error = await failure(connectGrpc({ ...at, port: 1, token: new Secret('abc') }, createScope()));
    expect(error).toMatchObject({ code: 'NET_OPTION_INVALID' });
  });

  const frame = Buffer.of(0, 0, 0, 0, 3, 0x0a, 0x01, 0x78);
  const grpc = { 'content-type': 'application/grpc' };
  const ok = () => ({ 'grpc-status': '0' });
  it.each([
    ['no status', { status: 200, headers: grpc, body: frame }, 'PROTOCOL_VIOLATION', undefined],
    ['OK and no message', { status: 200, headers: { ...grpc, 'grpc-status': '0' } }, 'PROTOCOL_VIOLATION', undefined],
    [
      'two messages',
      { status: 200, headers: grpc, body: Buffer.concat([frame, frame]), trailers: ok },
      'PROTOCOL_VIOLATION',
      undefined,
    ],
    [
      'a message that is cut',
      { status: 200, headers: grpc, body: frame.subarray(0, 6), trailers: ok },
      'PROTOCOL_VIOLATION',
      undefined,
    ],
    [
      'bytes that are no message',
      { status: 200, headers: grpc, body: Buffer.of(0, 0, 0, 0, 1, 0xff), trailers: ok },
      'PROTOCOL_VIOLATION',
      undefined,
    ],
    [
      'compression that nobody offered',
      {
        status: 200,
        headers: { ...grpc, 'grpc-encoding': 'gzip' },
        body: Buffer.concat([Buffer.of(1, 0, 0, 0, 23), gzipSync('abc')]),
        trailers: ok,
      },
      'PROTOCOL_VIOLATION',
      undefined,
    ],
    [
      'a page of HTML',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>', trailers: ok },
      'PROTOCOL_VIOLATION',
      undefined,
    ],
    ['HTTP 503', { status: 503 }, 'PEER_UNAVAILABLE', 'UNAVAILABLE'],
    ['HTTP 404', { status: 404 }, 'PEER_NOT_FOUND', 'UNIMPLEMENTED'],
    ['HTTP 401', { status: 401 }, 'PEER_LOGIN_REFUSED', 'UNAUTHENTICATED'],
    ['HTTP 403', { status: 403 }, 'PEER_REFUSED', 'PERMISSION_DENIED'],
    ['HTTP 418', { status: 418 }, 'PEER_REFUSED', 'UNKNOWN'],
    [
      'a status alone',
      { status: 200, headers: { ...grpc, 'grpc-status': '5', 'grpc-message': 'no %zz %C3%A4' } },
      'PEER_NOT_FOUND',
      'NOT_FOUND',
    ],
    [
      'a status that is not known',
      { status: 200, headers: { ...grpc, 'grpc-status': '99' } },
      'PEER_REFUSED',
      'UNKNOWN',
    ],
    [
      'details that cannot be read',
      { status: 200, headers: { ...grpc, 'grpc-status': '7', 'grpc-status-details-bin': '!!' } },
      'PEER_REFUSED',
      'PERMISSION_DENIED',
    ],
  ])('reads %s', async (_what, response, code, status) => {
    const { runtime, scope } = await world();
    const server = await serveHttp({ h2c: true }, () => response, runtime);
    const session = await connectGrpc({ ...at, port: server.port }, scope, runtime);
    parts.add(server).add(session);
    const error = await failure(session.client(Echo).say({ text: 'x' }, scope));
    expect(error).toMatchObject({ code, protocol: 'grpc', sent: 'all' });
    expect(grpcStatusOf(error)?.grpcStatus).toBe(status);
  });

  it('tells each call by its name', async () => {
    const { echo, facts, scope } = await world();
    await echo.say({ text: 'x' }, scope);
    await failure(echo.say({ text: 'x', status: 5 }, scope));
    await turns(() => facts.filter(({ type }) => type === 'operationEnded').length === 4);
    const told = facts.filter(({ type }) => type === 'operationEnded');
    expect(new Set(facts.map(({ protocol }) => protocol))).toEqual(new Set(['grpc']));
    const operation = 'roundhouse.test.Echo/Say';
    for (const role of ['client', 'server']) {
      const codes = told.filter((fact) => fact.role === role && 'operation' in fact && fact.operation === operation);
      expect(codes.map((fact) => 'code' in fact && fact.code)).toEqual([
        null,
        role === 'client' ? 'PEER_NOT_FOUND' : 'GRPC_STATUS',
      ]);
    }
  });
});
