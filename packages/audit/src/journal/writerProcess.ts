import { flushCompileCache } from 'node:module';
import { createKeyRing, silentLogger, systemClock } from '@roundhouse/core';
import { openJournal } from './open.ts';

/**
 * A writer as a process of its own, to be killed: `writerProcess.ts DIRECTORY WRITERS` appends strict and group records
 * without end, and prints the number of each when it is acknowledged.
 */
const [directory = '', writers = '1'] = process.argv.slice(2);
const ROTATE_EVERY = 40;

const journal = await openJournal(
  { directory, rotation: { maxBytes: 16_384 }, checkpoint: { intervalMs: 20, records: 100 } },
  {
    clock: systemClock,
    log: silentLogger,
    keyRing: createKeyRing(new Map([['main', Buffer.alloc(32, 7)]]), 'main'),
  },
);
// One that is killed would leave nothing of it to the next.
flushCompileCache();
// What waits for its group does not keep a process alive.
setInterval(() => {}, 1_000);

await Promise.all(
  Array.from({ length: Number(writers) }, async (_, writer) => {
    for (let index = 0; ; index++) {
      const { seq } = await journal.append({
        class: (writer + index) % 2 === 0 ? 'security' : 'access',
        action: 'test.write',
        code: 'RHA-9999',
        phase: 'fact',
        outcome: 'success',
        actor: { type: 'system', id: `writer-${writer}`, authentication: 'none' },
        details: { writer, index, padding: 'x'.repeat((index * 37) % 400) },
      });
      process.stdout.write(`${seq} ${writer} ${index}\n`);
      if (index % ROTATE_EVERY === 0 && writer === 0) await journal.evolveKey();
    }
  }),
);
