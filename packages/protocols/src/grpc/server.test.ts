import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectHttp } from '../http/index.ts';
import { Echo, echoDescriptorSet } from './echo.fixture.ts';
import { healthMethod } from './health.ts';
import { connectGrpc, grpcService, loadServices, serveGrpc } from './index.ts';
import { loadLibrary } from './library.ts';
import { endAll, endLater, failure, turns, world } from './world.fixture.ts';

afterEach(endAll);

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
    endLater(server, bare);
    const error = await failure(bare.client(Echo).say({ text: '' }, scope));
    expect(error).toMatchObject({ code: 'PEER_NOT_FOUND', remote: { status: 'UNIMPLEMENTED' } });
    const services = await loadServices(echoDescriptorSet());
    const other = {
      ...services.method('roundhouse.test.Echo/Say'),
      parent: { ...services.service('roundhouse.test.Echo'), typeName: 'x.Y' },
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
    endLater(server, session);
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
    endLater(watched, watcher);
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
    endLater(http);
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
    endLater({ abort: () => client.destroy() });
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
    endLater(http);
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
    endLater(http);
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
    endLater(http);
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
