/**
 * A mail server for one domain: each user of it has a Maildir below a folder.
 *
 *   node --conditions=source examples/net/mailReceiver.ts FOLDER [PORT]
 *
 * It listens on 127.0.0.1, and ends well on SIGTERM: messages under way are finished.
 */
import { resolve } from 'node:path';
import { systemClock } from '@roundhouse/core';
import { maildirHandlers, serveSmtp } from '@roundhouse/protocols/smtp';

const [folder = '', port = '0'] = process.argv.slice(2);
const hostname = 'mail.example.com';

const directoryOf = (recipient: string): string | null => {
  const [user = '', domain] = recipient.toLowerCase().split('@');
  return domain === 'example.com' && /^[a-z][a-z0-9]{0,30}$/.test(user) ? resolve(folder, user) : null;
};

const server = await serveSmtp(
  { hostname, port: Number(port), limits: { maxMessageBytes: 10_000_000 } },
  {
    ...maildirHandlers({ hostname, directoryOf }, { clock: systemClock, processId: process.pid }),
    hello: (name) =>
      name === 'localhost' ? { code: 550, enhanced: '5.7.1', text: 'That is my name, not yours' } : undefined,
  },
);
console.log(`listening on ${server.port}`);
process.once('SIGTERM', () => {
  void server.drain().then(({ finished }) => console.log(`finished ${finished}`));
});
