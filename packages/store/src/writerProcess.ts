import { flushCompileCache } from 'node:module';
import { createScope, isRoundhouseError, silentLogger, systemClock } from '@roundhouse/core';
import { openStore } from './open.ts';
import type { Store } from './store.ts';

/**
 * A writer as a process of its own, to be killed: `writerProcess.ts append URL` writes without end and prints the number
 * of each write when it is acknowledged; `writerProcess.ts count URL TIMES TOTAL` raises a counter that others raise too,
 * and ends when it sees the total.
 */
const BATCH = 8;
const [mode, url = '', times = '0', total = '0'] = process.argv.slice(2);

/** Each write is a resource, an event and, batch by batch, a delivery: all of one number. */
async function append(store: Store): Promise<never> {
  let { last } = await store.events.range();
  for (;;) {
    const numbers = Array.from({ length: BATCH }, (_, index) => last + 1 + index);
    await Promise.all(
      numbers.map(async (number) => {
        await store.commit({
          writes: [{ op: 'put', kind: 'written', id: `${number}`, value: { number }, expect: 'absent' }],
          events: [
            { sequence: number, at: systemClock.now(), type: 'written', subject: `${number}`, body: { number } },
          ],
        });
        process.stdout.write(`${number}\n`);
      }),
    );
    last += BATCH;
    // Whoever was here before may have been killed before this step: it goes on from the cursor.
    const cursor = (await store.deliveries.cursor('hook')) ?? 0;
    const taken = await store.events.read({ after: cursor, limit: 1_000 });
    await store.deliveries.enqueue(
      taken.map(({ sequence, type, body }) => ({
        receiver: 'hook',
        messageId: `${sequence}`,
        orderKey: null,
        type,
        body,
        nextAttemptAt: 0,
      })),
      { hook: last },
    );
  }
}

async function count(store: Store): Promise<void> {
  using scope = createScope();
  const seen = (async () => {
    for await (const { resource } of store.watch({ after: 0 }, scope)) {
      if (resource.value['count'] === Number(total)) return;
    }
  })();
  for (let done = 0; done < Number(times); ) {
    const found = await store.get('counter', 'shared');
    const value = { count: Number(found?.value['count'] ?? 0) + 1 };
    try {
      const write = { op: 'put', kind: 'counter', id: 'shared', value, expect: found?.version ?? 'absent' } as const;
      await store.commit({ writes: [write] });
      done++;
    } catch (error) {
      if (!isRoundhouseError(error) || error.code !== 'VERSION_CONFLICT') throw error;
    }
  }
  await seen;
}

await using store = await openStore(url, { clock: systemClock, log: silentLogger }, createScope());
// One that is killed would leave nothing of it to the next.
flushCompileCache();
await (mode === 'append' ? append(store) : count(store));
