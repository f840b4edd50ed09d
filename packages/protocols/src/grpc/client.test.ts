import { createServer } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { createScope, Secret } from '@roundhouse/core';
import { duplexOf } from '@roundhouse/net';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { serveHttp } from '../http/index.ts';
import { Echo } from './echo.fixture.ts';
import { connectGrpc, grpcService, grpcStatusOf, serveGrpc } from './index.ts';
import { endAll, endLater, failure, turns, world } from './world.fixture.ts';

afterEach(endAll);

describe('a client', () => {
  const at = { host: 'localhost' } as const;
  const grpc = { 'content-type': 'application/grpc' };

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

  it('does not wait for a server that has answered and does not close the stream (RFC 9113 §8.1)', async () => {
    const { runtime, scope } = await world();
    const engine = createServer();
    engine.on('stream', (stream) => {
      stream.respond(grpc, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '9', 'grpc-message': 'enough' }));
      stream.resume().end();
    });
    const peer = await runtime.listen(
      { host: 'localhost', port: 0 },
      (transport) => void engine.emit('connection', duplexOf(transport)),
      scope,
    );
    const session = await connectGrpc({ ...at, port: peer.port }, scope, runtime);
    endLater({ abort: () => peer.destroy() }, session);
    const requests = (async function* () {
      yield { text: 'one' };
      await new Promise(() => {});
    })();
    const error = await failure(session.client(Echo).join(requests, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'FAILED_PRECONDITION', text: 'enough' } });
  });

  it('speaks to no server that does not offer h2 (RFC 9113 §3.2)', async () => {
    const { runtime, scope } = await world();
    const authority = createCertificateAuthority();
    const peer = await runtime.listen({ host: 'localhost', port: 0, tls: authority.issue() }, () => {}, scope);
    endLater({ abort: () => peer.destroy() });
    const error = await failure(connectGrpc({ ...at, port: peer.port, tls: { ca: authority.cert } }, scope, runtime));
    expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION', phase: 'negotiate', protocol: 'grpc', sent: 'none' });
  });

  it('sends a token with every call, over TLS', async () => {
    const { runtime, scope } = await world();
    const authority = createCertificateAuthority();
    let seen: string | undefined;
    const service = grpcService(Echo, {
      say(_request, call) {
        seen = call.metadata['authorization'];
        return {};
      },
    });
    const server = await serveGrpc({ tls: authority.issue() }, [service], runtime);
    const options = { ...at, port: server.port, tls: { ca: authority.cert }, token: new Secret('abc') };
    const session = await connectGrpc(options, scope, runtime);
    endLater(server, session);
    await session.client(Echo).say({}, scope);
    expect(seen).toBe('Bearer abc');
  });

  it('sends a token over TLS alone', async () => {
    const error = await failure(connectGrpc({ ...at, port: 1, token: new Secret('abc') }, createScope()));
    expect(error).toMatchObject({ code: 'NET_OPTION_INVALID' });
  });

  const frame = Buffer.of(0, 0, 0, 0, 3, 0x0a, 0x01, 0x78);
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
    endLater(server, session);
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
