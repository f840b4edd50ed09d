import assert from 'node:assert/strict';
import type { Expectation, StoredResource } from '../store.ts';
import { type ComplianceCase, event, eventsFrom, put, putOne, rejectsWith, remove } from './bed.fixture.ts';

export const resourceCases: readonly ComplianceCase[] = [
  {
    title: 'a resource is found as it was put, with version and times',
    run: async ({ store, clock, advance }) => {
      const made = await putOne(store, 'a', { n: 1 });
      const first = clock.now();
      assert.deepEqual(made, {
        kind: 'thing',
        id: 'a',
        version: 1,
        createdAt: first,
        updatedAt: first,
        value: { n: 1 },
      });
      assert.deepEqual(await store.get('thing', 'a'), made);
      await advance(1_500);
      const changed = await putOne(store, 'a', { n: 2 });
      assert.deepEqual(changed, { ...made, version: 2, updatedAt: first + 1_500, value: { n: 2 } });
      assert.deepEqual(await store.get('thing', 'a'), changed);
      assert.equal(await store.get('other', 'a'), undefined);
      assert.equal(await store.revision(), 2);
    },
  },
  {
    title: 'a deleted resource is gone, and another by its name begins anew',
    run: async ({ store, advance }) => {
      const made = await putOne(store, 'a');
      assert.deepEqual(await store.commit({ writes: [remove('a')] }), { revision: 2, resources: [undefined] });
      assert.equal(await store.get('thing', 'a'), undefined);
      await advance(10);
      const again = await putOne(store, 'a');
      assert.deepEqual([again.version, again.createdAt], [3, made.createdAt + 10]);
    },
  },
  {
    title: 'what is put and got shares nothing with what is kept',
    run: async ({ store }) => {
      const value = { list: [1] };
      const committing = store.commit({ writes: [put('a', value)], events: [event(1, value)] });
      value.list.push(2);
      const { resources } = await committing;
      (resources[0] as StoredResource & { value: { list: number[] } }).value.list.push(3);
      assert.deepEqual((await store.get('thing', 'a'))?.value, { list: [1] });
      assert.deepEqual((await store.events.read({ after: 0, limit: 1 }))[0]?.body, { list: [1] });
    },
  },
  {
    title: 'every expectation holds where it should and nowhere else',
    run: async ({ store }) => {
      await putOne(store, 'here');
      const failing: ReadonlyArray<[id: string, expect: Expectation, found: unknown]> = [
        ['here', 'absent', 1],
        ['here', 2, 1],
        ['here', 0, 1],
        ['gone', 'present', 'absent'],
        ['gone', 1, 'absent'],
        ['gone', 0, 'absent'],
      ];
      for (const [id, expect, found] of failing) {
        for (const write of [put(id, {}, expect), remove(id, expect)]) {
          await assert.rejects(store.commit({ writes: [write] }), {
            code: 'VERSION_CONFLICT',
            status: 409,
            details: { kind: 'thing', id, expected: expect, found },
          });
        }
      }
      assert.equal(await store.revision(), 1);
      for (const write of [
        put('here', {}, 'any'),
        put('here', {}, 'present'),
        put('here', {}, 3),
        put('gone', {}, 'any'),
      ]) {
        await store.commit({ writes: [write] });
      }
      for (const write of [
        remove('here', 4),
        remove('gone', 'present'),
        remove('gone', 'absent'),
        put('gone', {}, 'absent'),
      ]) {
        await store.commit({ writes: [write] });
      }
      assert.deepEqual([await store.get('thing', 'here'), (await store.get('thing', 'gone'))?.version], [undefined, 8]);
      for (const expect of [-1, 0.5, Number.NaN, 'else' as Expectation]) {
        await rejectsWith('ILLEGAL_ARGUMENT', store.commit({ writes: [put('gone', {}, expect)] }));
      }
    },
  },
  {
    title: 'a delete of what is not there changes nothing',
    run: async ({ store }) => {
      await putOne(store, 'a');
      assert.deepEqual(await store.commit({ writes: [remove('b')] }), { revision: 1, resources: [undefined] });
      assert.deepEqual(await store.commit({ writes: [remove('b', 'absent')] }), {
        revision: 1,
        resources: [undefined],
      });
      assert.deepEqual(await store.commit({}), { revision: 1, resources: [] });
    },
  },
  {
    title: 'the writes of one transaction have one revision and see each other',
    run: async ({ store }) => {
      const { revision, resources } = await store.commit({
        writes: [
          put('a', { n: 1 }, 'absent'),
          put('b'),
          put('a', { n: 2 }, 1),
          remove('b', 'present'),
          remove('b', 'absent'),
        ],
      });
      assert.equal(revision, 1);
      assert.deepEqual(
        resources.map((resource) => resource?.value),
        [{ n: 1 }, {}, { n: 2 }, undefined, undefined],
      );
      assert.deepEqual((await store.get('thing', 'a'))?.value, { n: 2 });
      assert.equal(await store.get('thing', 'b'), undefined);
    },
  },
  {
    title: 'one write that fails keeps all others and the events from happening',
    run: async ({ store }) => {
      await putOne(store, 'old', { n: 1 });
      const writes = [put('new'), put('old', { n: 2 }), remove('old'), put('x', {}, 'present')];
      await rejectsWith('VERSION_CONFLICT', store.commit({ writes, events: eventsFrom(1, 3) }));
      await rejectsWith('EVENT_SEQUENCE_CONFLICT', store.commit({ writes: [put('new')], events: eventsFrom(2, 1) }));
      await rejectsWith('ILLEGAL_ARGUMENT', store.commit({ writes: [put('new'), put('')] }));
      assert.equal(await store.get('thing', 'new'), undefined);
      assert.deepEqual((await store.get('thing', 'old'))?.value, { n: 1 });
      assert.deepEqual([await store.revision(), await store.events.range()], [1, { first: 1, last: 0 }]);
    },
  },
  {
    title: 'a transaction that fails among many at a time takes no other with it',
    run: async ({ store }) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, index) =>
          index % 3 === 1
            ? store.commit({ writes: [put(`${index}`), put('x', {}, 'present')] })
            : store.commit({ writes: [put(`${index}`)] }),
        ),
      );
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        Array.from({ length: 60 }, (_, index) => (index % 3 === 1 ? 'rejected' : 'fulfilled')),
      );
      const { items, revision } = await store.list('thing');
      assert.deepEqual([items.length, revision], [40, 40]);
      const versions = items.map(({ version }) => version).sort((a, b) => a - b);
      assert.deepEqual(
        versions,
        Array.from({ length: 40 }, (_, index) => index + 1),
      );
    },
  },
  {
    title: 'compare-and-set by many at once loses no update',
    run: async ({ store }) => {
      await putOne(store, 'count', { n: 0 });
      const increment = async (): Promise<void> => {
        for (;;) {
          const { version, value } = (await store.get('thing', 'count')) as StoredResource;
          try {
            await store.commit({ writes: [put('count', { n: Number(value['n']) + 1 }, version)] });
            return;
          } catch (error) {
            if ((error as { code?: string }).code !== 'VERSION_CONFLICT') throw error;
          }
        }
      };
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          for (let turn = 0; turn < 3; turn++) await increment();
        }),
      );
      assert.deepEqual((await store.get('thing', 'count'))?.value, { n: 60 });
      assert.equal(await store.revision(), 61);
    },
  },
  {
    title: 'a list goes by id in the order of code points, page by page, without others of its kind',
    run: async ({ store }) => {
      // U+1F600 lies behind U+FF5E, although its first UTF-16 code unit is less.
      const ids = ['!', 'A', 'B', 'Z', '_', 'a', 'ab', 'b', 'ß', 'é', 'ｚ', '～', '😀', '😀a'];
      for (const id of ids.toReversed()) await putOne(store, id);
      await putOne(store, 'c', {}, 'other');
      const paged: string[] = [];
      let after: string | undefined;
      for (let page = 0; page < 10; page++) {
        const { items, next, revision } = await store.list('thing', {
          limit: 3,
          ...(after !== undefined && { after }),
        });
        assert.equal(revision, ids.length + 1);
        paged.push(...items.map(({ id }) => id));
        if (next === null) break;
        assert.equal(next, items.at(-1)?.id);
        after = next;
      }
      assert.deepEqual(paged, ids);
      assert.deepEqual(await store.list('none'), { items: [], next: null, revision: ids.length + 1 });
      assert.equal((await store.list('thing', { limit: ids.length })).next, null);
      assert.equal((await store.list('thing', { after: 'aa' })).items[0]?.id, 'ab');
    },
  },
  {
    title: 'a page has 100 by default, and 1 to 1,000 on request',
    run: async ({ store }) => {
      await store.commit({ writes: Array.from({ length: 101 }, (_, index) => put(`${index}`)) });
      assert.equal((await store.list('thing')).items.length, 100);
      assert.equal((await store.list('thing', { limit: 1_000 })).items.length, 101);
      for (const limit of [0, -1, 1.5, 1_001, Number.NaN]) {
        await rejectsWith('ILLEGAL_ARGUMENT', store.list('thing', { limit }));
      }
    },
  },
  {
    title: 'after close everything is refused, and close is idempotent',
    run: async ({ store }) => {
      const committing = store.commit({ writes: [put('a')] });
      await Promise.all([store.close(), store.close()]);
      assert.equal((await committing).revision, 1, 'what was begun before is finished');
      await store[Symbol.asyncDispose]();
      const calls: ReadonlyArray<() => Promise<unknown>> = [
        () => store.get('thing', 'a'),
        () => store.list('thing'),
        () => store.commit({ writes: [put('b')] }),
        () => store.revision(),
        () => store.compact(1),
        () => store.acquire('x', 'y', 1),
        () => store.events.append(eventsFrom(1, 1)),
        () => store.events.range(),
        () => store.deliveries.due('hook', 0, 1),
        () => store.deliveries.enqueue([], {}),
      ];
      for (const call of calls) await rejectsWith('STORE_CLOSED', call());
    },
  },
];
