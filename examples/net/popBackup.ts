/**
 * Takes what is new in a mailbox to a folder and leaves everything where it is; files are named by what the server
 * calls the messages (UIDL), so that nothing is taken twice.
 *
 *   MAIL_PASSWORD=… node --conditions=source examples/net/popBackup.ts HOST PORT USER FOLDER [CA.pem]
 */
import { createWriteStream } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createScope, Secret } from '@roundhouse/core';
import { connectPop3 } from '@roundhouse/protocols/pop3';

const [host = 'localhost', port = '995', user = '', folder = '', caFile] = process.argv.slice(2);
const scope = createScope();
process.once('SIGINT', () => scope.end());
await using mailbox = await connectPop3(
  {
    host,
    port: Number(port),
    login: { user, password: new Secret(process.env['MAIL_PASSWORD'] ?? '') },
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile, 'utf8') } }),
  },
  scope,
);
const there = new Set(await readdir(folder));
let taken = 0;
for (const { number, id } of await mailbox.identify(scope)) {
  // The name is the server's: it is no path.
  const name = `${Buffer.from(id).toString('base64url')}.eml`;
  if (there.has(name)) continue;
  const coming = join(folder, `${name}.part`);
  await mailbox.retrieve(number, (text) => pipeline(text, createWriteStream(coming)), scope);
  await rename(coming, join(folder, name));
  taken += 1;
}
console.log(`${taken} new`);
