/**
 * Shows the messages of a mailbox in which a text stands, and flags them; then, when told, what comes in.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/mailSearch.ts HOST PORT USER MAILBOX TEXT [CA.pem] [SECONDS]
 */
import { readFile } from 'node:fs/promises';
import { createScope, Secret } from '@roundhouse/core';
import { connectImap } from '@roundhouse/protocols/imap';
import { decodeWords } from '@roundhouse/protocols/mime';

const [host = 'localhost', port = '993', user = '', mailbox = 'INBOX', text = '', caFile, seconds] =
  process.argv.slice(2);

await using client = await connectImap(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  createScope({ timeoutMs: 30_000 }),
);
const { messages } = await client.select(mailbox);
const found = await client.search({ text, isDeleted: false });
console.log(`${found.length} of ${messages}`);
await client.fetchEach(found, { envelope: true, bytes: true }, async ({ uid, envelope, bytes }) => {
  const subject = await decodeWords(envelope?.subject ?? '');
  console.log(`${uid} ${envelope?.from[0]?.address}: ${subject} (${bytes} bytes)`);
});
await client.store(found, { action: 'add', flags: ['\\Flagged'] });
if (seconds !== undefined) {
  using watching = createScope({ timeoutMs: Number(seconds) * 1_000 });
  await client.idle((event) => console.log(JSON.stringify(event)), watching);
}
