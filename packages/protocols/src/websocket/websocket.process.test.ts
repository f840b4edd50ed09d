import { createServer, type IncomingMessage } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createScope } from '@roundhouse/core';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type PeerProcess,
  startPeer,
} from '@roundhouse/testing';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectWebSocket, type WebSocketOptions } from './client.ts';
import { echo } from './echo.fixture.ts';
import { runHandler, serveWebSocket } from './server.ts';
import { upgradeWebSocket, type UpgradeOptions } from './upgrade.ts';

const HOST = '127.0.0.1';
const PYTHON = '/usr/bin/python3';
const hasPython = spawnSync(PYTHON, ['-c', 'import websockets']).status === 0;

const parts = new AsyncDisposableStack();
const scope = createScope({ timeoutMs: 120_000 });
let authority: CertificateAuthority;

beforeAll(() => {
  authority = createCertificateAuthority();
});
afterAll(async () => {
  await parts.disposeAsync();
  scope.end();
});

const MESSAGES = ['hello', '', 'grüß dich ✓', 'x'.repeat(100_000), 'y'.repeat(900_000)];

/** Sends each and has it echoed, then leaves as one should. */
async function converse(options: WebSocketOptions): Promise<{ isCompressed: boolean; subprotocol: string | null }> {
  const socket = await connectWebSocket(options, scope);
  for (const message of MESSAGES) {
    await socket.send(message, scope);
    expect(await socket.receive(scope)).toBe(message);
  }
  await socket.send(Buffer.from([0, 1, 255]), scope);
  expect(Buffer.from((await socket.receive(scope)) as Uint8Array)).toEqual(Buffer.from([0, 1, 255]));
  expect(await socket.ping(scope)).toBeGreaterThanOrEqual(0);
  expect(await socket.close(1000, 'done')).toMatchObject({ code: 1000, isClean: true });
  expect(await socket.closed).toEqual({ by: 'local' });
  return socket;
}

/** Listens on a free port of the loopback until the tests are over. */
async function opened(server: Server | Http2Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  parts.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const PYTHON_SERVER = `
import asyncio, sys, websockets
async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)
async def main():
    compression = 'deflate' if sys.argv[1] == 'deflate' else None
    async with websockets.serve(echo, '127.0.0.1', 0, compression=compression, subprotocols=['chat'], max_size=2**21) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
`;

const PYTHON_CLIENT = `
import asyncio, ssl, sys, websockets
async def main():
    context = None
    if sys.argv[1].startswith('wss'):
        context = ssl.create_default_context(cadata=sys.stdin.read())
    compression = 'deflate' if sys.argv[2] == 'deflate' else None
    async with websockets.connect(sys.argv[1], ssl=context, compression=compression, subprotocols=['chat'], max_size=2**21) as socket:
        for message in ['hello', '', 'gr\\u00fc\\u00df', 'x' * 100000, b'\\x00\\xff' * 5000]:
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send(['frag', 'men', 'ted'])
        assert await socket.recv() == 'fragmented'
        await asyncio.wait_for(await socket.ping(), 5)
        print('subprotocol', socket.subprotocol, 'extensions', len(socket.extensions))
    print('closed', socket.close_code)
asyncio.run(main())
`;

async function firstLine(peer: PeerProcess): Promise<string> {
  while (!peer.output.includes('\n')) {
    if (peer.exit !== undefined) throw peer.failure('it ended before it listened');
    await scope.sleep(20);
  }
  return peer.output.split('\n', 1)[0] ?? '';
}

describe.skipIf(!hasPython)('python3-websockets', () => {
  it.each(['plain', 'deflate'])('serves our client: %s', async (kind) => {
    const peer = parts.use(await startPeer(PYTHON, ['-c', PYTHON_SERVER, kind]));
    const url = `ws://${HOST}:${await firstLine(peer)}/`;
    const socket = await converse({ url, subprotocols: ['chat'], compression: true });
    expect(socket).toMatchObject({ isCompressed: kind === 'deflate', subprotocol: 'chat' });
  });

  it.each([
    ['ws', 'plain'],
    ['ws', 'deflate'],
    ['wss', 'deflate'],
  ])('is served by ours: %s, %s', async (scheme, kind) => {
    const tls = scheme === 'wss' ? { tls: authority.issue() } : {};
    await using server = await serveWebSocket({ ...tls, subprotocols: ['chat'], compression: true }, echo);
    const args = ['-c', PYTHON_CLIENT, `${scheme}://localhost:${server.port}/`, kind];
    const peer = parts.use(await startPeer(PYTHON, args));
    peer.write(authority.cert);
    peer.endInput();
    const { code } = await peer.exited;
    if (code !== 0) throw peer.failure('it failed');
    expect(peer.output).toContain(`subprotocol chat extensions ${kind === 'deflate' ? 1 : 0}`);
    expect(peer.output).toContain('closed 1000');
  });
});

async function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options?: UpgradeOptions) {
  const { method = '', url = '', headers } = request;
  const upgrade = { method, target: url, headers };
  const connection = await upgradeWebSocket(upgrade, socket, head, options);
  if (connection !== undefined) await runHandler(echo, connection, upgrade);
}

describe('an HTTP server of Node', () => {
  it('hands its upgrades over', async () => {
    const server = createServer();
    server.on('upgrade', (request, socket, head) => void serveUpgrade(request, socket, head));
    await converse({ url: `ws://${HOST}:${await opened(server)}/chat` });
  });

  it('has those refused that may not', async () => {
    const server = createServer();
    const options = { authorize: () => ({ status: 401, reason: 'Who are you?' }) };
    server.on('upgrade', (request, socket, head) => void serveUpgrade(request, socket, head, options));
    const url = `ws://${HOST}:${await opened(server)}/`;
    await expect(connectWebSocket({ url }, scope)).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
  });
});

describe('HTTP/2 (RFC 8441)', () => {
  const SETTINGS = { settings: { enableConnectProtocol: true } };
  const hand = (server: Http2Server, options?: UpgradeOptions): Http2Server =>
    server.on('stream', (stream, headers) => {
      const { ':method': method = '', ':path': target = '' } = headers;
      const upgrade = { method, target, headers: headers as Record<string, string> };
      void (async () => {
        const connection = await upgradeWebSocket(upgrade, stream, Buffer.alloc(0), options);
        if (connection !== undefined) await runHandler(echo, connection, upgrade);
      })();
    });

  it('carries a WebSocket, in the clear', async () => {
    const port = await opened(hand(createHttp2Server(SETTINGS), { subprotocols: ['chat'], compression: true }));
    const socket = await converse({
      url: `ws://${HOST}:${port}/`,
      http: '2',
      subprotocols: ['chat'],
      compression: true,
    });
    expect(socket).toMatchObject({ subprotocol: 'chat', isCompressed: true });
  });

  it('carries a WebSocket over TLS', async () => {
    const port = await opened(hand(createSecureServer({ ...SETTINGS, ...authority.issue() })));
    await converse({ url: `wss://localhost:${port}/`, http: '2', tls: { ca: authority.cert } });
  });

  it('has those refused that may not, and servers that know no WebSocket', async () => {
    const options = { authorize: () => ({ status: 403, reason: 'No.' }) };
    const port = await opened(hand(createHttp2Server(SETTINGS), options));
    const refused = connectWebSocket({ url: `ws://${HOST}:${port}/`, http: '2' }, scope);
    await expect(refused).rejects.toMatchObject({ code: 'PEER_REFUSED', remote: { status: '403' } });
    const plain = await opened(createHttp2Server());
    const unknown = connectWebSocket({ url: `ws://${HOST}:${plain}/`, http: '2' }, scope);
    await expect(unknown).rejects.toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'SETTINGS' } });
  });
});
