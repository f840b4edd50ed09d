import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventFault } from '../event/catalogue.ts';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, watchEvents } from '../wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const KEPT = 1_000;
const PUBLISHED = 1_500;

let server: Server;
let url = '';
beforeAll(async () => {
  server = await createServer(
    { port: 0, token: TOKEN, version: '1', events: { recent: 100, retention: { maxEvents: KEPT } } },
    { log: silentLog(), openSession: () => Promise.reject(new Error('no hosts here')) },
  );
  ({ url } = await server.start());
  const { journal } = server;
  for (let n = 1; n <= PUBLISHED; n++) journal.publish('limit.recovered', `n${n}`, { used: n, capacity: null });
  await journal.settled();
  await journal.trim();
});
afterAll(() => server.stop());

const ids = (events: readonly { readonly id: string }[]): number[] => events.map(({ id }) => Number(id));
const upTo = (last: number, first: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('a watcher that comes back', () => {
  it('gets what it has missed from the store and from memory, in order', async () => {
    using watcher = await watchEvents(url, { authorization: bearer(TOKEN), lastEventId: '900' });
    await watcher.until(({ subject }) => subject === `n${PUBLISHED}`);
    expect(ids(watcher.events)).toEqual(upTo(PUBLISHED, 901));
  });

  it('is told by an event which ones are kept no more, whatever types it wants, and goes on behind them', async () => {
    const { first } = server.journal.range();
    expect(first).toBe(PUBLISHED - KEPT + 1);
    using watcher = await watchEvents(url, {
      authorization: bearer(TOKEN),
      lastEventId: '7',
      query: '?types=roundhouse.limit',
    });
    await watcher.until(({ subject }) => subject === `n${PUBLISHED}`);
    const [gap, ...rest] = watcher.events;
    expect(gap).toMatchObject({
      id: String(first - 1),
      type: 'roundhouse.events.gap',
      data: { from: 8, to: first - 1, count: first - 8 },
    });
    expect(gap && eventFault(gap)).toBeUndefined();
    expect(ids(rest)).toEqual(upTo(PUBLISHED, first));
  });

  it('with an id of somewhere else begins with the oldest that there is', async () => {
    using watcher = await watchEvents(url, { authorization: bearer(TOKEN), lastEventId: 'elsewhere' });
    await watcher.until(({ subject }) => subject === `n${PUBLISHED}`);
    expect(ids(watcher.events)).toEqual(upTo(PUBLISHED, PUBLISHED - KEPT + 1));
  });
});
