/**
 * Sends a digest, with a table as HTML and a file, signed by DKIM when there is a key.
 *
 *   node --conditions=source examples/net/mailDigest.ts HOST PORT RECIPIENT [KEY.pem]
 *
 * For a server on this machine without TLS; elsewhere leave `security` out: the default is STARTTLS or nothing.
 */
import { readFile } from 'node:fs/promises';
import { createScope, Secret, systemClock } from '@roundhouse/core';
import { buildMessage, type DkimKey } from '@roundhouse/protocols/mime';
import { connectSmtp } from '@roundhouse/protocols/smtp';

const [host = 'localhost', port = '25', recipient = '', keyFile] = process.argv.slice(2);

const dkim: DkimKey | undefined =
  keyFile === undefined
    ? undefined
    : { domain: 'example.com', selector: 'digest', privateKey: new Secret(await readFile(keyFile, 'utf8')) };
const rows = [
  ['web-1', 'ready'],
  ['web-2', 'stopped: out of memory'],
] as const;
const message = await buildMessage(
  {
    from: { name: 'Roundhouse · Betrieb', address: 'digest@example.com' },
    to: [recipient],
    subject: 'Workers today: 1 ready, 1 stopped',
    text: rows.map((row) => row.join(': ')).join('\n'),
    html: `<table>${rows.map(([name, state]) => `<tr><td>${name}</td><td>${state}</td></tr>`).join('')}</table>`,
    attachments: [{ filename: 'workers.csv', content: rows.map((row) => row.join(',')).join('\n') }],
  },
  { clock: systemClock, ...(dkim && { dkim }) },
);

using scope = createScope({ timeoutMs: 30_000 });
await using client = await connectSmtp({ host, port: Number(port), security: 'off' }, scope);
const { accepted, refused, reply } = await client.send(message.envelope, message.bytes, scope);
console.log(`taken for ${accepted.length}, refused for ${refused.length}: ${reply.lines[0]}`);
