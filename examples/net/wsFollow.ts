/** Prints what a WebSocket says, and connects again when it is lost: `node wsFollow.ts URL [COUNT]`. */
import { createScope } from '@roundhouse/core';
import { createReconnectingWebSocket } from '@roundhouse/protocols/websocket';

const [url = 'ws://127.0.0.1:8080/', count = 'Infinity'] = process.argv.slice(2);
const scope = createScope();
process.once('SIGINT', () => scope.end());

// The wait before another attempt alone would not keep the process.
const awake = setInterval(() => {}, 60_000);
await using socket = createReconnectingWebSocket(
  { url, resume: (connection, own) => connection.send('I am here', own) },
  scope,
);
let left = Number(count);
for await (const message of socket) {
  process.stdout.write(`${typeof message === 'string' ? message : `${message.byteLength} bytes`}\n`);
  left -= 1;
  if (left === 0) break;
}
clearInterval(awake);
