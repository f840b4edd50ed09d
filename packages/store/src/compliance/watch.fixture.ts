import assert from 'node:assert/strict';
import { createScope } from '@roundhouse/core';
import { type ComplianceCase, put, putOne, rejectsWith, remove, summary, Watcher } from './bed.fixture.ts';

export const watchCases: readonly ComplianceCase[] = [
  {
    title: 'a watch tells what is kept and then what comes, in order, a delete with what was there',
    run: async ({ store }) => {
      await putOne(store, 'before');
      const made = await putOne(store, 'a', { n: 1 });
      await store.commit({ writes: [put('b'), remove('a')] });
      const watcher = new Watcher(store, 1);
      await watcher.until(3);
      await putOne(store, 'c');
      await store.commit({ writes: [remove('none')] });
      await putOne(store, 'd');
      await watcher.until(5);
      await watcher.stop();
      assert.deepEqual(watcher.seen.map(summary), ['2 put a', '3 put b', '3 delete a', '4 put c', '5 put d']);
      assert.deepEqual(watcher.seen[0]?.resource, made);
      assert.deepEqual(watcher.seen[2]?.resource, made);
    },
  },
  {
    title: 'a watch from the revision of a list misses nothing while others write',
    run: async ({ store }) => {
      const writing = Promise.all(
        Array.from({ length: 200 }, (_, index) => putOne(store, `${index}`.padStart(3, '0'))),
      );
      const { items, revision } = await store.list('thing', { limit: 1_000 });
      const watcher = new Watcher(store, revision);
      await writing;
      await watcher.until(200 - items.length);
      await watcher.stop();
      const ids = [...items.map(({ id }) => id), ...watcher.seen.map(({ resource }) => resource.id)];
      assert.equal(new Set(ids).size, 200);
      assert.equal(ids.length, 200);
    },
  },
  {
    title: 'many watchers see every change of many writers once and in order',
    run: async ({ store }) => {
      const early = Array.from({ length: 3 }, () => new Watcher(store, 0));
      const late: Watcher[] = [];
      await Promise.all(
        Array.from({ length: 10 }, async (_, writer) => {
          for (let turn = 0; turn < 30; turn++) {
            await store.commit({ writes: [put(`${writer}`, { turn }), put(`${writer}-${turn}`)] });
            if (turn % 10 === 0) late.push(new Watcher(store, 0));
          }
        }),
      );
      for (const watcher of [...early, ...late]) {
        await watcher.until(600);
        await watcher.stop();
        assert.deepEqual(
          watcher.seen.map(({ revision }) => revision),
          Array.from({ length: 600 }, (_, index) => Math.floor(index / 2) + 1),
        );
      }
    },
  },
  {
    title: 'a watch of some kinds tells of no other',
    run: async ({ store }) => {
      const watcher = new Watcher(store, 0, ['red', 'blue']);
      const none = new Watcher(store, 0, []);
      for (let index = 0; index < 300; index++) await putOne(store, `${index}`, {}, 'grey');
      await putOne(store, 'a', {}, 'red');
      await putOne(store, 'b', {}, 'green');
      await putOne(store, 'c', {}, 'blue');
      await watcher.until(2);
      await Promise.all([watcher.stop(), none.stop()]);
      assert.deepEqual(watcher.seen.map(summary), ['301 put a', '303 put c']);
      assert.deepEqual(none.seen, []);
    },
  },
  {
    title: 'a reader that stands still gets everything afterwards, however much it is',
    run: async ({ store }) => {
      using scope = createScope();
      const changes = store.watch({ after: 0 }, scope)[Symbol.asyncIterator]();
      await putOne(store, 'first');
      assert.equal((await changes.next()).value?.revision, 1);
      for (let revision = 2; revision <= 1_001; revision += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => putOne(store, `${revision + index}`)));
      }
      for (let revision = 2; revision <= 1_001; revision++) {
        assert.equal((await changes.next()).value?.revision, revision);
      }
      scope.end();
      assert.equal((await changes.next()).done, true);
    },
  },
  {
    title: 'one transaction of many writes is told whole',
    run: async ({ store }) => {
      const watcher = new Watcher(store, 0);
      await store.commit({ writes: Array.from({ length: 700 }, (_, index) => put(`${index}`)) });
      await putOne(store, 'last');
      await watcher.until(701);
      await watcher.stop();
      assert.deepEqual(
        watcher.seen.map(({ resource }) => resource.id),
        [...Array.from({ length: 700 }, (_, index) => `${index}`), 'last'],
      );
    },
  },
  {
    title: 'a watch ends quietly with its scope, also one that waits, and with the store',
    run: async ({ store }) => {
      const first = new Watcher(store, 0);
      const second = new Watcher(store, 0);
      await putOne(store, 'a');
      await Promise.all([first.until(1), second.until(1)]);
      await first.stop();
      const ended = createScope();
      ended.end();
      for await (const change of store.watch({ after: 0 }, ended)) assert.fail(`told ${summary(change)}`);
      await store.close();
      await second.ended;
      await rejectsWith('STORE_CLOSED', new Watcher(store, 0).ended);
    },
  },
  {
    title: 'a reader that breaks off leaves the store as it was',
    run: async ({ store }) => {
      using scope = createScope();
      await putOne(store, 'a');
      for await (const change of store.watch({ after: 0 }, scope)) {
        assert.equal(change.revision, 1);
        break;
      }
      assert.equal((await putOne(store, 'b')).version, 2);
    },
  },
  {
    title: 'behind a compaction there is no watch, from it on there is, and resources stay',
    run: async ({ store }) => {
      for (const id of ['a', 'b', 'c', 'd']) await putOne(store, id);
      await store.compact(2);
      await store.compact(1);
      for (const after of [0, 1]) await rejectsWith('REVISION_COMPACTED', new Watcher(store, after).ended);
      const watcher = new Watcher(store, 2);
      await watcher.until(2);
      assert.deepEqual(watcher.seen.map(summary), ['3 put c', '4 put d']);
      await store.compact(1_000_000);
      assert.equal(await store.revision(), 4);
      await putOne(store, 'e');
      await watcher.until(3);
      await watcher.stop();
      assert.equal((await store.list('thing')).items.length, 5);
      await rejectsWith('REVISION_COMPACTED', new Watcher(store, 3).ended);
    },
  },
  {
    title: 'a watcher that a compaction overtakes is told, and misses nothing unawares',
    run: async ({ store }) => {
      using scope = createScope();
      const changes = store.watch({ after: 0 }, scope)[Symbol.asyncIterator]();
      await putOne(store, 'first');
      await changes.next();
      await Promise.all(Array.from({ length: 600 }, (_, index) => putOne(store, `${index}`)));
      await store.compact(601);
      const reading = (async () => {
        for (let revision = 2; ; revision++) assert.equal((await changes.next()).value?.revision, revision);
      })();
      await rejectsWith('REVISION_COMPACTED', reading);
    },
  },
  {
    title: 'a revision that was never made is not watched: the store has gone back meanwhile',
    run: async ({ store }) => {
      await putOne(store, 'a');
      await rejectsWith('REVISION_COMPACTED', new Watcher(store, 2).ended);
      for (const after of [-1, 0.5, Number.NaN]) await rejectsWith('ILLEGAL_ARGUMENT', new Watcher(store, after).ended);
    },
  },
];
