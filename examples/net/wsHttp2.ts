/**
 * A WebSocket beside ordinary requests, all on one port, over HTTP/1.1 and as a stream of HTTP/2 (RFC 8441).
 *
 *   node --conditions=source examples/net/wsHttp2.ts
 */
import { createScope } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp, text } from '@roundhouse/protocols/http';
import { connectWebSocket, webSocketHook } from '@roundhouse/protocols/websocket';

const upgrade = webSocketHook({ subprotocols: ['echo'], compression: true }, async (connection) => {
  for await (const message of connection) await connection.send(message, connection.scope);
});
const router = createRouter().get('/', ({ version }) => text(`a page over ${version}`));
await using server = await serveHttp({ h2c: true, upgrade }, router);
const scope = createScope({ timeoutMs: 20_000 });

for (const http of ['1.1', '2'] as const) {
  await using client = createHttpClient({ versions: [http === '2' ? 'h2' : 'http/1.1'] });
  console.log(await (await client.get(`http://127.0.0.1:${server.port}/`, scope)).body.text());
  const url = `ws://127.0.0.1:${server.port}/`;
  const socket = await connectWebSocket({ url, http, subprotocols: ['echo'], compression: true }, scope);
  await socket.send('hello '.repeat(1_000), scope);
  const answer = await socket.receive(scope);
  console.log(`${answer?.length} characters back over ${http}, ${socket.isCompressed ? 'compressed' : 'as they are'}`);
  const { code } = await socket.close(1000);
  console.log(`closed with ${code}`);
}
