/**
 * Writes the messages of a mailbox that are older than a day to a folder, each while it comes, and then removes them.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/mailArchive.ts HOST PORT USER MAILBOX BEFORE FOLDER [CA.pem]
 *
 * BEFORE is a day, e.g. 2026-01-31. It may be ended at any time: what is not on the disk is still on the server.
 */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createScope, Secret } from '@roundhouse/core';
import { connectImap } from '@roundhouse/protocols/imap';

const [host = 'localhost', port = '993', user = '', mailbox = 'INBOX', before = '', folder = '', caFile] =
  process.argv.slice(2);
const scope = createScope();
process.once('SIGINT', () => scope.end());
await using client = await connectImap(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  scope,
);
const { uidValidity } = await client.select(mailbox, scope);
const old = await client.search({ before }, scope);
for (const uid of old) {
  const file = join(folder, `${uidValidity}-${uid}.eml`);
  await client.retrieve(uid, (text) => pipeline(text, createWriteStream(file)), {}, scope);
  await client.store(uid, { action: 'add', flags: ['\\Deleted'] }, scope);
  console.log(file.slice(folder.length + 1));
}
if (old.length > 0) await client.expunge(old, scope);
console.log(`${old.length} archived`);
