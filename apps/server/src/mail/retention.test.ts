import { createScope, silentLogger } from '@roundhouse/core';
import { createMemoryStore } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { MailRetention } from './retention.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

it('mail goes from the store when it is as old as is said, also anew, and what was never finished is swept', async () => {
  const clock = new FakeClock();
  const store = createMemoryStore({ clock });
  const scope = createScope({ clock });
  await clock.advance(100 * DAY_MS);
  for (const id of ['a', 'b']) {
    await store.mailbox.write(id, 0, Buffer.from('text'));
    await store.mailbox.keep(id, {});
    await clock.advance(DAY_MS);
  }
  const kept = async (): Promise<readonly string[]> => (await store.mailbox.list({ limit: 10 })).map(({ id }) => id);
  let sweeps = 0;
  const mailbox = {
    sweep: async () => {
      sweeps += 1;
      throw new Error('the disk is away');
    },
  };
  const retention = new MailRetention({ maxAgeDays: 3 }, { store, mailbox, clock, log: silentLogger }, scope);
  retention.start();
  await clock.advance(DAY_MS + HOUR_MS);
  expect(await kept()).toEqual(['b']);
  retention.configure({});
  await clock.advance(10 * DAY_MS);
  expect(await kept()).toEqual(['b']);
  retention.configure({ maxAgeDays: 1 });
  await clock.advance(HOUR_MS);
  expect(await kept()).toEqual([]);
  expect(sweeps).toBeGreaterThan(24);
  retention.stop();
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
  await store.close();
});
