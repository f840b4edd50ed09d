/**
 * Fifty messages over three connections that are used again, to a server that counts them.
 *
 *   node --conditions=source examples/net/mailMany.ts
 */
import { createScope } from '@roundhouse/core';
import { createSmtpPool, readWhole, serveSmtp } from '@roundhouse/protocols/smtp';

let taken = 0;
await using server = await serveSmtp(
  // Each message has one recipient that is refused: more than the ten that a client may have by default.
  { hostname: 'mail.example.com', limits: { maxErrors: 100 } },
  {
    recipient: ({ address }) => (address.endsWith('@example.com') ? undefined : { code: 550, text: 'not here' }),
    message: async ({ text }, _peer, scope) => {
      await readWhole(text, scope);
      taken += 1;
    },
  },
);
await using pool = createSmtpPool({ maxPerKey: 3, maxMessages: 20 });
const scope = createScope({ timeoutMs: 30_000 });
const place = { host: '127.0.0.1', port: server.port, security: 'off' } as const;

const reports = await Promise.all(
  Array.from({ length: 50 }, (_, index) =>
    pool.send(
      place,
      { from: 'list@example.org', to: [`reader${index}@example.com`, 'stranger@example.net'] },
      `Subject: issue ${index}\r\n\r\nNews.\r\n`,
      scope,
    ),
  ),
);
const refused = reports.flatMap((report) => report.refused);
console.log(`${taken} taken, ${refused.length} recipients refused: ${refused[0]?.code} ${refused[0]?.text}`);
console.log(`${server.stats().accepted <= 6 ? 'few' : 'many'} connections`);
