/**
 * A chat with its page: open http://127.0.0.1:8080/ in two windows.
 *
 *   node --conditions=source examples/net/chatPage.ts [PORT]
 *
 * It ends well on SIGINT: those who are there are told that it goes away.
 */
import { createRouter, serveHttp } from '@roundhouse/protocols/http';
import { type WebSocketConnection, webSocketHook } from '@roundhouse/protocols/websocket';

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<ul id="said"></ul>
<form><input autofocus placeholder="Say something"></form>
<script>
  const socket = new WebSocket(location.href.replace(/^http/, 'ws') + 'chat');
  const say = (text) => {
    const line = document.createElement('li');
    line.textContent = text;
    document.querySelector('#said').append(line);
  };
  socket.onmessage = ({ data }) => say(data);
  socket.onclose = ({ code }) => say('The chat is over (' + code + ')');
  document.forms[0].onsubmit = (event) => {
    event.preventDefault();
    socket.send(event.target[0].value);
    event.target.reset();
  };
</script>
`;

const people = new Set<WebSocketConnection>();
async function tellAll(text: string): Promise<void> {
  // One who does not read, or has left meanwhile, is no reason that the others hear nothing.
  await Promise.allSettled([...people].map((person) => person.send(text, person.scope)));
}

let guests = 0;
const upgrade = webSocketHook({ messageLimits: { maxMessageBytes: 4_096 } }, async (connection) => {
  guests += 1;
  const name = `guest ${guests}`;
  people.add(connection);
  try {
    await tellAll(`${name} is here`);
    for await (const message of connection) if (typeof message === 'string') await tellAll(`${name}: ${message}`);
  } finally {
    people.delete(connection);
    await tellAll(`${name} has left`);
  }
});
const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
const router = createRouter().get('/', () => ({ status: 200, headers, body: PAGE }));
const server = await serveHttp({ port: Number(process.argv[2] ?? 8080), upgrade }, router);
console.log(`chat on http://127.0.0.1:${server.port}/`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.drain());
await server.closed;
console.log(`over, after ${guests} guests`);
