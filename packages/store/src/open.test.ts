import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createScope, Secret, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putOne } from './compliance/bed.fixture.ts';
import { openStore } from './open.ts';
import type { Store } from './store.ts';

describe('openStore', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (url: string | Secret, scope = createScope()): Promise<Store> =>
    openStore(url, { clock: new FakeClock(), log: silentLogger }, scope);

  it('opens a store in memory, new each time', async () => {
    const first = await open('memory:');
    await putOne(first, 'a');
    const second = await open(new Secret('memory:'));
    expect([await first.revision(), await second.revision()]).toEqual([1, 0]);
    expect(first.isDurable).toBe(false);
    await Promise.all([first.close(), second.close()]);
  });

  it.each(['sqlite:{}', 'sqlite://{}', 'SQLite:{}', 'sqlite:{}?durability=power-loss', 'sqlite:{}?'])(
    'opens the file of %s',
    async (url) => {
      const store = await open(url.replace('{}', join(folder, 'a #%41.db')));
      await putOne(store, 'a');
      expect(await readdir(folder)).toContain('a #%41.db');
      expect(store.isDurable).toBe(true);
      await store.close();
    },
  );

  it.each([
    ['', 'it has no scheme'],
    ['/var/lib/store.db', 'it has no scheme'],
    ['sqllite:/x', 'sqllite is no kind of store; did you mean sqlite?'],
    ['postgre://h/d', 'postgre is no kind of store; did you mean postgres?'],
    ['etcd://h', 'etcd is no kind of store'],
    ['constructor:', 'constructor is no kind of store'],
    ['sqlite:', 'it names no file'],
    ['sqlite:?durability=process', 'it names no file'],
    ['sqlite:/x?mode=ro', 'sqlite takes no parameter mode; it takes durability'],
    ['sqlite:/x?durability=none', 'durability is process or power-loss'],
  ])('refuses %j: %s', async (url, reason) => {
    await expect(open(url)).rejects.toMatchObject({
      code: 'STORE_URL_INVALID',
      message: `The store URL is not valid: ${reason}`,
    });
  });

  it.each([
    ['that is wrong', 'postgres://user:hunter2@[bad/db', 'STORE_URL_INVALID'],
    ['with an unescaped character', 'postgres://user:hunter2@x y:99/db', 'STORE_URL_INVALID'],
    ['where nobody listens', 'postgres://user:hunter2@127.0.0.1:1/db', 'STORE_UNAVAILABLE'],
    ['of an unknown kind', 'mysql://user:hunter2@127.0.0.1/db', 'STORE_URL_INVALID'],
  ])('shows nothing of a URL %s', async (_title, url, code) => {
    const error = await open(new Secret(url)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code });
    for (const shown of [inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error)]) {
      expect(shown).not.toContain('hunter2');
    }
  });

  it('opens nothing for a scope that has ended, and leaves nothing open for one that ends', async () => {
    const file = `sqlite:${join(folder, 'a.db')}`;
    const ended = createScope();
    ended.end();
    await expect(open(file, ended)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(folder)).toEqual([]);
    const ending = createScope();
    const opening = open(file, ending);
    ending.end();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect
      .poll(async () => {
        const store = await open(file).catch(() => undefined);
        await store?.close();
        return store !== undefined;
      })
      .toBe(true);
  });
});
