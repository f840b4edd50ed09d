/**
 * A server for the mail of one's own people: who sends has logged in, under the own name, and not too much.
 *
 *   node --conditions=source examples/net/mailPolicy.ts
 */
import { createScope, isRoundhouseError, Secret } from '@roundhouse/core';
import type { NetError } from '@roundhouse/net';
import { connectSmtp, readWhole, serveSmtp, type SmtpConnectOptions } from '@roundhouse/protocols/smtp';

const people = new Map([['anna', new Secret('hunter2')]]);
await using server = await serveSmtp(
  // On the loopback alone: elsewhere give it `startTls` and `requiresTls`.
  { hostname: 'submit.example.com', requiresAuth: true, allowsClearAuth: true, limits: { maxMessageBytes: 1_000 } },
  {
    authenticate: ({ user, matches }) => matches(people.get(user) ?? new Secret('')),
    mail: ({ address }, { user }) =>
      address === `${user}@example.com`
        ? undefined
        : { code: 553, enhanced: '5.7.1', text: `${user} is not ${address}` },
    recipient: () => undefined,
    message: async ({ text }, { user }, scope) => {
      const bytes = await readWhole(text, scope);
      console.log(`taken from ${user}: ${bytes.length > 0 ? 'a message' : 'nothing'}`);
    },
  },
);

const scope = createScope({ timeoutMs: 20_000 });
async function send(password: string, from: string, text: string): Promise<void> {
  const options: SmtpConnectOptions = {
    host: '127.0.0.1',
    port: server.port,
    security: 'off',
    allowsClearCredentials: true,
    auth: { user: 'anna', password: new Secret(password) },
  };
  try {
    await using client = await connectSmtp(options, scope);
    await client.send({ from, to: ['bert@example.org'] }, text, scope);
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    console.log(error.code, (error as NetError).remote?.status ?? '');
  }
}
await send('hunter2', 'anna@example.com', 'Subject: hello\r\n\r\nHello.\r\n');
await send('wrong', 'anna@example.com', 'Subject: hello\r\n\r\nHello.\r\n');
await send('hunter2', 'boss@example.com', 'Subject: pay\r\n\r\nAt once.\r\n');
await send('hunter2', 'anna@example.com', `Subject: much\r\n\r\n${'x'.repeat(70)}\r\n`.repeat(20));
