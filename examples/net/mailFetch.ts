/**
 * Shows what lies in a mailbox, and removes what was shown.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/mailFetch.ts HOST PORT USER [CA.pem]
 */
import { readFile } from 'node:fs/promises';
import { createScope, Secret } from '@roundhouse/core';
import { parseMessage } from '@roundhouse/protocols/mime';
import { connectPop3 } from '@roundhouse/protocols/pop3';

const [host = 'localhost', port = '995', user = '', caFile] = process.argv.slice(2);

using scope = createScope({ timeoutMs: 60_000 });
const mailbox = await connectPop3(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  scope,
);
for (const { number, bytes } of await mailbox.list(scope)) {
  const message = await parseMessage(await mailbox.download(number, scope));
  console.log(
    `${message.from?.address}: ${message.subject} (${bytes} bytes, ${message.attachments.length} attachments)`,
  );
  await mailbox.delete(number, scope);
}
// What was deleted is gone from here on; had anything failed before, it would all still be there.
await mailbox.commit(scope);
