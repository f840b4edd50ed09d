import { createScope, silentLogger } from '@roundhouse/core';
import { createMemoryStore } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { MailRetention } from './retention.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

it('mail goes from the store when it is as old as is said, also anew', async () => {
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
  const retention = new MailRetention({ maxAgeDays: 3 }, { store, clock, log: silentLogger }, scope);
  retention.start();
  await clock.advance(DAY_MS + HOUR_MS);
  expect(await kept()).toEqual(['b']);
  retention.configure({});
  await clock.advance(10 * DAY_MS);
  expect(await kept()).toEqual(['b']);
  retention.configure({ maxAgeDays: 1 });
  await clock.advance(HOUR_MS);
  expect(await kept()).toEqual([]);
  retention.stop();
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
  await store.close();
});
