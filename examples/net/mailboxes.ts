/**
 * Lists the mailboxes of an account, with how much is in each and how much of it nobody has read.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/mailboxes.ts HOST PORT USER [CA.pem]
 */
import { readFile } from 'node:fs/promises';
import { createScope, Secret } from '@roundhouse/core';
import { connectImap } from '@roundhouse/protocols/imap';

const [host = 'localhost', port = '993', user = '', caFile] = process.argv.slice(2);
await using client = await connectImap(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  createScope({ timeoutMs: 30_000 }),
);
for (const { name, attributes } of await client.list()) {
  if (attributes.includes('\\Noselect')) continue;
  const { messages, unseen } = await client.status(name);
  console.log(`${name}: ${messages} messages, ${unseen} unread`);
}
