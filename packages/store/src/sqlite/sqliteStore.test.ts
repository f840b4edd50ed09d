import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsFrom, put, putOne } from '../compliance/bed.fixture.ts';
import { type MakeStore, storeCompliance } from '../compliance.fixture.ts';
import { checksum } from '../migration.ts';
import type { Store } from '../store.ts';
import { Database } from './database.ts';
import { tables } from './migrations/0001-tables.ts';
import { type Durability, openSqlite } from './openSqlite.ts';
import { SqliteBackend } from './sqliteBackend.ts';

const make: MakeStore = async () => {
  const clock = new FakeClock();
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    store: await openSqlite({ file: join(folder, 'store.db') }, { clock, log: silentLogger }),
    clock,
    advance: (ms) => clock.advance(ms),
    release: () => rm(folder, { recursive: true }),
  };
};

describe('the store in SQLite', () => {
  for (const { title, run } of storeCompliance(make, { runs: 60 })) it(title, run);
});

describe('a SQLite file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'));
    file = join(folder, 'store.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const reopen = (durability?: Durability): Promise<Store> =>
    openSqlite(
      { file, ...(durability !== undefined && { durability }) },
      { clock: new FakeClock(), log: silentLogger },
    );
  const alter = (sql: string): void => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };

  it.each([':memory:', 'file::memory:'])('by the name of %s is none, and known not to last', (name) => {
    const database = Database.open(name);
    expect(new SqliteBackend(database, new FakeClock()).isDurable).toBe(false);
    database.close();
  });

  it.each(['process', 'power-loss'] as const)(
    'keeps all of it from one opening to the next (%s)',
    async (durability) => {
      const first = await reopen(durability);
      const { resources } = await first.commit({ writes: [put('a', { n: 1 })], events: eventsFrom(1, 3) });
      const lease = await first.acquire('leader', 'me', 1_000);
      await first.close();
      const second = await reopen(durability);
      expect(await second.get('thing', 'a')).toEqual(resources[0]);
      expect(await second.events.range()).toEqual({ first: 1, last: 3 });
      expect((await second.acquire('leader', 'me', 1_000))?.token).toBe(lease?.token);
      expect(await second.revision()).toBe(1);
      await second.close();
    },
  );

  it('is for one at a time, and free again after close', async () => {
    const first = await reopen();
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_LOCKED', retryable: true, details: { file } });
    await putOne(first, 'a');
    await first.close();
    await (await reopen()).close();
  });

  it('is readable by its owner alone', async () => {
    const store = await reopen();
    await putOne(store, 'a');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(`${file}-wal`)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('that is none is said to be damaged', async () => {
    await writeFile(file, 'no database, but long enough to be looked at as one '.repeat(100));
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_CORRUPT', hint: expect.stringContaining('backup') });
  });

  it('with a damaged page is said to be damaged when it is opened', async () => {
    const store = await reopen();
    for (let index = 0; index < 50; index++) await putOne(store, `${index}`, { text: 'x'.repeat(2_000) });
    await store.close();
    const pages = (await readFile(file)).length / 4_096;
    const handle = await open(file, 'r+');
    for (let page = Math.floor(pages / 2); page < pages; page++) {
      await handle.write(Buffer.alloc(1_000, 0xa5), 0, 1_000, page * 4_096);
    }
    await handle.close();
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('of a newer version, or of another build, is not touched', async () => {
    await (await reopen()).close();
    alter(`INSERT INTO migrations VALUES ('9999-future', 'x', 0)`);
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER', details: { found: '9999-future' } });
    alter(`DELETE FROM migrations WHERE name = '9999-future'; UPDATE migrations SET checksum = 'other'`);
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_SCHEMA_DIFFERS' });
  });

  it('of the version before keeps what it has, and takes mail', async () => {
    alter(`CREATE TABLE migrations (name TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, at REAL NOT NULL) STRICT;
           ${tables.sql}
           INSERT INTO migrations VALUES ('${tables.name}', '${checksum(tables)}', 0);
           INSERT INTO resources VALUES ('thing', 'a', 1, 0, 0, '{"n":1}')`);
    const store = await reopen();
    expect((await store.get('thing', 'a'))?.value).toEqual({ n: 1 });
    await store.mailbox.write('m', 0, Buffer.from('text'));
    await store.mailbox.keep('m', {});
    await store.close();
    const next = await reopen();
    expect(Buffer.from((await next.mailbox.read('m', 0)) ?? []).toString()).toBe('text');
    await next.close();
  });

  it('in a folder that is not there is unavailable', async () => {
    file = join(folder, 'none', 'store.db');
    await expect(reopen()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it('writes of one turn end in one transaction', async () => {
    const store = await reopen();
    await putOne(store, 'warm');
    const pagesBefore = (await stat(`${file}-wal`)).size;
    await putOne(store, 'alone');
    const perCommit = (await stat(`${file}-wal`)).size - pagesBefore;
    await Promise.all(Array.from({ length: 50 }, (_, index) => putOne(store, `${index}`)));
    const grown = (await stat(`${file}-wal`)).size - pagesBefore - perCommit;
    expect(grown).toBeLessThan(perCommit * 10);
    await store.close();
  });

  it('a write that SQLite itself refuses takes no other of its turn with it', async () => {
    await (await reopen()).close();
    alter(`CREATE TRIGGER poison BEFORE INSERT ON resources WHEN new.id = 'poison'
           BEGIN SELECT RAISE(ABORT, 'poisoned'); END`);
    const store = await reopen();
    const outcomes = await Promise.allSettled(['a', 'poison', 'b'].map((id) => putOne(store, id)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'INTERNAL', details: { reason: 'poisoned' } } });
    expect((await store.list('thing')).items.map(({ id, version }) => [id, version])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await store.revision()).toBe(2);
    await store.close();
  });

  it('refuses writes beyond those that may wait, and takes them again afterwards', async () => {
    const store = await reopen();
    const waiting = Array.from({ length: 10_000 }, (_, index) => store.acquire(`${index}`, 'me', 1_000));
    await expect(putOne(store, 'a')).rejects.toMatchObject({ code: 'STORE_BUSY', retryable: true });
    await Promise.all(waiting);
    expect((await putOne(store, 'a')).version).toBe(1);
    await store.close();
  });
});
