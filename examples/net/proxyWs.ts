/** Says one thing to a WebSocket behind a proxy: `node proxyWs.ts socks5://HOST:PORT|http://HOST:PORT WS-URL TEXT`. */
import { createScope } from '@roundhouse/core';
import {
  createHttpConnectDialer,
  createRuntime,
  createSocks5Dialer,
  directDialer,
  parseAddress,
} from '@roundhouse/net';
import { connectWebSocket } from '@roundhouse/protocols/websocket';

const [proxyUrl = '', url = '', text = ''] = process.argv.slice(2);
const { protocol, host } = new URL(proxyUrl);
const proxy = parseAddress(host, 1080);
const dialer =
  protocol === 'socks5:'
    ? createSocks5Dialer({ proxy }, directDialer)
    : createHttpConnectDialer({ proxy }, directDialer);

const scope = createScope({ timeoutMs: 10_000 });
await using socket = await connectWebSocket({ url }, scope, createRuntime({ dialer }));
await socket.send(text, scope);
const answer = await socket.receive(scope);
process.stdout.write(`${typeof answer === 'string' ? answer : 'something else'}\n`);
