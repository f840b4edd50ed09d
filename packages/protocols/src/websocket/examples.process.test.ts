import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import { createDirectDialer, listen, type Transport } from '@roundhouse/net';
import { type PeerProcess, serveProxy, startPeer } from '@roundhouse/testing';
import { afterAll, expect, it } from 'vitest';
import { connectWebSocket } from './client.ts';
import { echo } from './echo.fixture.ts';
import { serveWebSocket } from './server.ts';

const FOLDER = fileURLToPath(new URL('../../../../examples/net/', import.meta.url));
const parts = new AsyncDisposableStack();
const scope = createScope({ timeoutMs: 60_000 });
afterAll(async () => {
  await parts.disposeAsync();
  scope.end();
});

async function start(name: string, ...args: string[]): Promise<PeerProcess> {
  return parts.use(await startPeer(process.execPath, ['--conditions=source', `${FOLDER}${name}.ts`, ...args]));
}

async function printed(peer: PeerProcess, text: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = text.exec(peer.output);
    if (found !== null) return found;
    if (peer.exit !== undefined) throw peer.failure(`it ended before it printed ${text}`);
    await scope.sleep(20);
  }
}

it('a chat tells all what one says, and one that follows hears it', async () => {
  const chat = await start('wsChat', '0');
  const [, url = ''] = await printed(chat, /on (ws:\S+)/);
  const follower = await start('wsFollow', url, '4');
  await printed(follower, /I am here/);
  await using socket = await connectWebSocket({ url }, scope);
  await socket.send('hello', scope);
  await printed(follower, /guest .*: hello/);
  expect(await follower.exited).toEqual({ code: 0, signal: null });
});

it.each(['socks5', 'http'])('a WebSocket is reached through a proxy: %s', async (scheme) => {
  await using server = await serveWebSocket({}, echo);
  const kind = scheme === 'http' ? 'http-connect' : 'socks5';
  const serve = serveProxy(kind, createDirectDialer(), scope);
  const proxy = await listen({ host: '127.0.0.1', port: 0 }, (transport: Transport) => serve(transport), scope);
  const url = `ws://127.0.0.1:${server.port}/`;
  const peer = await start('proxyWs', `${scheme}://127.0.0.1:${proxy.port}`, url, 'through a proxy');
  await printed(peer, /through a proxy/);
  expect(await peer.exited).toEqual({ code: 0, signal: null });
  proxy.destroy();
});
