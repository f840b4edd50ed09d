/**
 * Shows what lies in a mailbox: sizes and subjects, of which the server sends the headers alone.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/popSizes.ts HOST PORT USER [CA.pem]
 */
import { readFile } from 'node:fs/promises';
import { createScope, Secret } from '@roundhouse/core';
import { parseMessage } from '@roundhouse/protocols/mime';
import { connectPop3 } from '@roundhouse/protocols/pop3';

const [host = 'localhost', port = '995', user = '', caFile] = process.argv.slice(2);
using scope = createScope({ timeoutMs: 60_000 });
await using mailbox = await connectPop3(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  scope,
);
const { messages, bytes } = await mailbox.stat(scope);
console.log(`${messages} messages, ${bytes} bytes`);
for (const { number, bytes: size } of await mailbox.list(scope)) {
  const { subject } = await parseMessage(await mailbox.top(number, 0, scope));
  console.log(`${number} ${size} ${subject}`);
}
