import { inspect } from 'node:util';
import { type Clock, Secret, silentLogger, systemClock } from '@roundhouse/core';
import { FakeClock, type Postgres, postgresAvailable, startPostgres } from '@roundhouse/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putOne, summary, Watcher } from '../compliance/bed.fixture.ts';
import { type MakeStore, storeCompliance } from '../compliance.fixture.ts';
import type { Store } from '../store.ts';
import { openPostgres } from './openPostgres.ts';

/** Lets the tests set the time of the server: the store asks this function alone. */
const TEST_CLOCK = `
  CREATE TABLE roundhouse.test_clock (now double precision);
  INSERT INTO roundhouse.test_clock VALUES (0);
  CREATE OR REPLACE FUNCTION roundhouse.now_ms() RETURNS double precision LANGUAGE sql VOLATILE AS
    $$ SELECT now FROM roundhouse.test_clock $$`;

describe.skipIf(!postgresAvailable())('the store in PostgreSQL', () => {
  let server: Postgres;
  let admin: pg.Client;
  beforeAll(async () => {
    server = await startPostgres({ fsync: false });
    admin = new pg.Client(server.url());
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.end();
    await server?.close();
  });

  const empty = (): Promise<unknown> => admin.query('DROP SCHEMA IF EXISTS roundhouse CASCADE');
  const open = (clock: Clock = new FakeClock()): Promise<Store> =>
    openPostgres(new Secret(server.url()), { clock, log: silentLogger });

  const freshStore = async (): Promise<Store> => {
    await empty();
    return open();
  };

  const make: MakeStore = async () => {
    await empty();
    const clock = new FakeClock();
    const store = await open(clock);
    await admin.query(TEST_CLOCK);
    const setTime = (): Promise<unknown> => admin.query('UPDATE roundhouse.test_clock SET now = $1', [clock.now()]);
    await setTime();
    return {
      store,
      clock,
      advance: async (ms) => {
        await clock.advance(ms);
        await setTime();
      },
      release: async () => {},
    };
  };

  for (const { title, run } of storeCompliance(make, { runs: 25 })) it(title, run);

  it('is made once by all that open it at the same time, and found again', async () => {
    await empty();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
    await putOne(stores[0] as Store, 'a', { n: 1 });
    for (const store of stores) expect((await store.get('thing', 'a'))?.value).toEqual({ n: 1 });
    await Promise.all(stores.map((store) => store.close()));
  });

  it('of a newer version, or of another build, is not touched', async () => {
    await (await freshStore()).close();
    await admin.query(`INSERT INTO roundhouse.migrations VALUES ('9999-future', 'x')`);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER', details: { found: '9999-future' } });
    await admin.query(`DELETE FROM roundhouse.migrations WHERE name = '9999-future'`);
    await admin.query(`UPDATE roundhouse.migrations SET checksum = 'other'`);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_SCHEMA_DIFFERS' });
  });

  it('tells a watcher in one what another commits', async () => {
    const here = await freshStore();
    const there = await open();
    const watcher = new Watcher(here, 0);
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      await putOne(there, id);
      await watcher.until(index + 1);
    }
    await watcher.stop();
    expect(watcher.seen.map(summary)).toEqual(['1 put a', '2 put b', '3 put c']);
    await Promise.all([here.close(), there.close()]);
  });

  it('goes on by itself when all its connections are cut, and its watchers miss nothing', async () => {
    await empty();
    const here = await open(systemClock);
    const watcher = new Watcher(here, 0);
    await putOne(here, 'before');
    await watcher.until(1);
    const there = await open();
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    // Whether a call meets the cut is chance; the next does not.
    await expect
      .poll(() =>
        putOne(there, 'meanwhile').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await watcher.until(2);
    await watcher.stop();
    expect(watcher.seen.map(summary)).toEqual(['1 put before', '2 put meanwhile']);
    await Promise.all([here.close(), there.close()]);
  });

  it('a write that the server itself refuses takes no other with it', async () => {
    const store = await freshStore();
    await admin.query(`ALTER TABLE roundhouse.resources ADD CONSTRAINT poison CHECK (id <> 'poison')`);
    const outcomes = await Promise.allSettled(['a', 'poison', 'b'].map((id) => putOne(store, id)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'INTERNAL' } });
    expect((await store.list('thing')).items.map(({ id, version }) => [id, version])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await store.close();
  });

  it('writes of one turn go in one transaction', async () => {
    const store = await freshStore();
    await Promise.all(Array.from({ length: 100 }, (_, index) => putOne(store, `${index}`)));
    // A row bears the id of the transaction that wrote it.
    const { rows } = await admin.query(
      'SELECT count(*)::integer AS n, count(DISTINCT xmin::text)::integer AS ids FROM roundhouse.resources',
    );
    expect(rows).toEqual([{ n: 100, ids: 1 }]);
    await store.close();
  });

  it.each([
    ['a user that does not exist', (url: URL) => (url.username = 'nobody'), 'STORE_REFUSED'],
    ['a database that does not exist', (url: URL) => (url.pathname = '/none'), 'STORE_REFUSED'],
  ])('names %s and no password', async (_title, spoil, code) => {
    const url = new URL(server.url());
    url.password = 'hunter2';
    spoil(url);
    const error = await openPostgres(new Secret(url.href), { clock: new FakeClock(), log: silentLogger }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code, retryable: false });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
  });
});
