import { writeSync } from 'node:fs';
import { createScope, systemClock } from '@roundhouse/core';
import { createSmtpPool, openMailQueue } from './index.ts';

/** Begin of the lines that tell of messages which are in the queue for good. */
export const TAKEN = 'taken ';
export const EMPTY = 'empty';

/** A process of its own with a queue, to be killed: `queueProcess.fixture.ts DIRECTORY PORT PREFIX COUNT`. */
async function main([directory = '', port = '', prefix = '', count = '0']: readonly string[]): Promise<void> {
  const pool = createSmtpPool({ maxPerKey: 4 });
  const server = { host: '127.0.0.1', port: Number(port), security: 'off' } as const;
  const queue = await openMailQueue(
    {
      directory,
      send: (envelope, message, scope) => pool.send(server, envelope, message, scope),
      failed: ({ recipients }) => void writeSync(2, `given up: ${JSON.stringify(recipients)}\n`),
      schedule: { initialMs: 10, maxMs: 100 },
    },
    { clock: systemClock, random: Math.random },
  );
  for (let number = 0; number < Number(count); number++) {
    const name = `${prefix}-${number}`;
    await queue.enqueue(
      { from: 'a@example.com', to: ['b@example.com'] },
      `Subject: ${name}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(70)}`,
    );
    writeSync(1, `${TAKEN}${name}\n`);
  }
  const scope = createScope();
  while (queue.list().length > 0) await scope.race(new Promise((resolve) => setTimeout(resolve, 5)));
  await queue.close();
  await pool.drain();
  writeSync(1, `${EMPTY}\n`);
}

if (import.meta.main) await main(process.argv.slice(2));
