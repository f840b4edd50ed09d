/**
 * Puts a message into a queue on the disk and sends what is there; whoever can not be reached gets it later.
 *
 *   node --conditions=source examples/net/mailQueue.ts FOLDER HOST PORT RECIPIENT…
 *
 * Kill it whenever you like, and start it again: nothing is lost.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@roundhouse/core';
import { buildMessage } from '@roundhouse/protocols/mime';
import { createSmtpPool, openMailQueue } from '@roundhouse/protocols/smtp';

const [folder = '', host = 'localhost', port = '25', ...recipients] = process.argv.slice(2);
const server = { host, port: Number(port), security: 'off' } as const;

await using pool = createSmtpPool({ maxPerKey: 2 });
await using queue = await openMailQueue(
  {
    directory: resolve(folder),
    send: (envelope, text, scope) => pool.send(server, envelope, text, scope),
    failed: ({ id, recipients: lost }) => {
      for (const { address, text } of lost) console.log(`${id} is given up for ${address}: ${text}`);
    },
  },
  { clock: systemClock, random: Math.random },
);

const { envelope, bytes } = await buildMessage(
  { from: 'alerts@example.com', to: recipients, subject: 'web-2 is down', text: 'Out of memory.' },
  { clock: systemClock },
);
console.log(`queued as ${await queue.enqueue(envelope, bytes)}`);

while (queue.list().some(({ attempts }) => attempts === 0)) await sleep(50);
for (const { id, lastAnswer } of queue.list()) console.log(`${id} waits: ${lastAnswer}`);
