import assert from 'node:assert/strict';
import type { AttemptOutcome, Delivery, DeliveryStatus } from '../deliveryLog.ts';
import type { Store } from '../store.ts';
import { type ComplianceCase, delivery, rejectsWith } from './bed.fixture.ts';

const outcome = (
  id: number,
  status: DeliveryStatus,
  { at = 0, nextAttemptAt = null }: { at?: number; nextAttemptAt?: number | null } = {},
): AttemptOutcome => ({
  attempt: {
    delivery: id,
    at,
    elapsedMs: 1.25,
    status: status === 'delivered' ? 200 : null,
    error: status === 'delivered' ? null : 'CONNECT_REFUSED',
    facts: { address: '192.0.2.1' },
  },
  status,
  nextAttemptAt,
});

const messages = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ messageId }) => messageId);

async function enqueue(store: Store, ...names: string[]): Promise<readonly Delivery[]> {
  return store.deliveries.enqueue(
    names.map((name) => delivery(name)),
    {},
  );
}

export const deliveryCases: readonly ComplianceCase[] = [
  {
    title: 'deliveries are enqueued pending, numbered in order, with the cursors of their receivers',
    run: async ({ store: { deliveries }, clock }) => {
      assert.equal(await deliveries.cursor('hook'), undefined);
      const made = await deliveries.enqueue(
        [delivery('a', { orderKey: 'k' }), delivery('b', { receiver: 'other', nextAttemptAt: 5.5 })],
        { hook: 3, other: 4, third: 0 },
      );
      const common = { status: 'pending', attempts: 0, createdAt: clock.now(), lastError: null } as const;
      assert.deepEqual(made, [
        { ...delivery('a', { orderKey: 'k' }), ...common, id: 1 },
        { ...delivery('b', { receiver: 'other', nextAttemptAt: 5.5 }), ...common, id: 2 },
      ]);
      assert.deepEqual(await deliveries.get(2), made[1]);
      assert.equal(await deliveries.get(3), undefined);
      assert.deepEqual(
        [await deliveries.cursor('hook'), await deliveries.cursor('other'), await deliveries.cursor('third')],
        [3, 4, 0],
      );
    },
  },
  {
    title: 'a cursor never goes back',
    run: async ({ store: { deliveries } }) => {
      await deliveries.enqueue([], { hook: 10 });
      await deliveries.enqueue([], { hook: 9 });
      assert.equal(await deliveries.cursor('hook'), 10);
      await Promise.all([11, 13, 12].map((sequence) => deliveries.enqueue([], { hook: sequence })));
      assert.equal(await deliveries.cursor('hook'), 13);
      for (const sequence of [-1, 0.5]) {
        await rejectsWith('ILLEGAL_ARGUMENT', deliveries.enqueue([delivery('a')], { hook: sequence }));
      }
      assert.equal(await deliveries.nextDueAt('hook'), null);
    },
  },
  {
    title: 'due are the pending ones of a receiver whose time has come, oldest first',
    run: async ({ store: { deliveries } }) => {
      await deliveries.enqueue(
        [
          delivery('late', { nextAttemptAt: 300 }),
          delivery('b', { nextAttemptAt: 200 }),
          delivery('a', { nextAttemptAt: 100 }),
          delivery('foreign', { receiver: 'other', nextAttemptAt: 1 }),
        ],
        {},
      );
      assert.equal(await deliveries.nextDueAt('hook'), 100);
      assert.deepEqual(messages(await deliveries.due('hook', 99, 10)), []);
      assert.deepEqual(messages(await deliveries.due('hook', 200, 10)), ['b', 'a']);
      assert.deepEqual(messages(await deliveries.due('hook', 300, 2)), ['late', 'b']);
      assert.deepEqual(await deliveries.due('none', 300, 2), []);
      assert.equal(await deliveries.nextDueAt('none'), null);
      for (const limit of [0, 1_001]) await rejectsWith('ILLEGAL_ARGUMENT', deliveries.due('hook', 0, limit));
    },
  },
  {
    title: 'an attempt is noted, and what follows from it',
    run: async ({ store }) => {
      const { deliveries } = store;
      await enqueue(store, 'a', 'b', 'c');
      await deliveries.record([
        outcome(1, 'pending', { at: 10, nextAttemptAt: 60 }),
        outcome(2, 'delivered', { at: 11 }),
        outcome(3, 'dead', { at: 12 }),
      ]);
      const got = await Promise.all([1, 2, 3].map((id) => deliveries.get(id)));
      assert.deepEqual(
        got.map((each) => [each?.status, each?.attempts, each?.nextAttemptAt, each?.lastError]),
        [
          ['pending', 1, 60, 'CONNECT_REFUSED'],
          ['delivered', 1, null, null],
          ['dead', 1, null, 'CONNECT_REFUSED'],
        ],
      );
      assert.deepEqual(messages(await deliveries.due('hook', 59, 10)), []);
      assert.deepEqual(messages(await deliveries.due('hook', 60, 10)), ['a']);
      await deliveries.record([
        outcome(1, 'pending', { at: 60, nextAttemptAt: 80 }),
        outcome(1, 'delivered', { at: 80 }),
      ]);
      const last = await deliveries.get(1);
      assert.deepEqual([last?.attempts, last?.status, last?.lastError], [3, 'delivered', null]);
      assert.deepEqual(await deliveries.attempts(1), [
        outcome(1, 'pending', { at: 10 }).attempt,
        outcome(1, 'pending', { at: 60 }).attempt,
        outcome(1, 'delivered', { at: 80 }).attempt,
      ]);
      assert.deepEqual(await deliveries.attempts(99), []);
    },
  },
  {
    title: 'outcomes noted at once are all noted, those of deliveries that are gone without effect',
    run: async ({ store }) => {
      const { deliveries } = store;
      await enqueue(store, ...Array.from({ length: 50 }, (_, index) => `${index}`));
      await Promise.all(Array.from({ length: 60 }, (_, index) => deliveries.record([outcome(index + 1, 'delivered')])));
      assert.deepEqual(await deliveries.counts('hook'), { pending: 0, dead: 0, oldestDeadAt: null });
      assert.equal((await deliveries.list({ status: 'delivered', limit: 1_000 })).length, 50);
      assert.deepEqual(await deliveries.attempts(60), []);
      await deliveries.record([]);
    },
  },
  {
    title: 'an outcome that is pending has a time, and one with an unknown status is refused',
    run: async ({ store }) => {
      await enqueue(store, 'a');
      await rejectsWith('ILLEGAL_ARGUMENT', store.deliveries.record([outcome(1, 'dead'), outcome(1, 'pending')]));
      await rejectsWith('ILLEGAL_ARGUMENT', store.deliveries.record([outcome(1, 'lost' as DeliveryStatus)]));
      assert.deepEqual(await store.deliveries.attempts(1), []);
    },
  },
  {
    title: 'a list goes from the newest back, page by page, by any of its filters',
    run: async ({ store: { deliveries }, clock, advance }) => {
      const start = clock.now();
      for (const [index, type] of ['a.b', 'a.c', 'A.b', 'a%', 'ab', 'é'].entries()) {
        await deliveries.enqueue([delivery(`${index}`, { type, receiver: index % 2 === 0 ? 'even' : 'odd' })], {});
        await advance(100);
      }
      await deliveries.record([outcome(2, 'dead'), outcome(3, 'delivered')]);
      const find = async (query: Parameters<typeof deliveries.list>[0]): Promise<string[]> =>
        messages(await deliveries.list(query));
      assert.deepEqual(await find({ limit: 4 }), ['5', '4', '3', '2']);
      assert.deepEqual(await find({ limit: 4, before: 3 }), ['1', '0']);
      assert.deepEqual(await find({ limit: 9, receiver: 'odd' }), ['5', '3', '1']);
      assert.deepEqual(await find({ limit: 2, receiver: 'odd', before: 6 }), ['3', '1']);
      assert.deepEqual(await find({ limit: 9, status: 'dead' }), ['1']);
      assert.deepEqual(await find({ limit: 9, status: 'pending', receiver: 'even' }), ['4', '0']);
      assert.deepEqual(await find({ limit: 9, since: start + 200, until: start + 400 }), ['3', '2']);
      assert.deepEqual(await find({ limit: 9, type: 'a' }), ['4', '3', '1', '0']);
      assert.deepEqual(await find({ limit: 9, type: 'a.' }), ['1', '0']);
      assert.deepEqual(await find({ limit: 9, type: 'a%' }), ['3']);
      assert.deepEqual(await find({ limit: 9, type: '' }), ['5', '4', '3', '2', '1', '0']);
      assert.deepEqual(await find({ limit: 9, type: 'é', since: start, status: 'pending' }), ['5']);
      for (const limit of [0, 1_001]) await rejectsWith('ILLEGAL_ARGUMENT', find({ limit }));
    },
  },
  {
    title: 'a rare match among thousands is found',
    run: async ({ store: { deliveries } }) => {
      const others = Array.from({ length: 6_000 }, (_, index) => delivery(`${index}`, { type: 'common' }));
      await deliveries.enqueue([delivery('rare', { type: 'rare' }), ...others], {});
      assert.deepEqual(messages(await deliveries.list({ type: 'rare', limit: 10 })), ['rare']);
      assert.equal((await deliveries.list({ type: 'common', limit: 1_000, before: 5_000 })).at(-1)?.id, 4_000);
    },
  },
  {
    title: 'counts tell what waits and what was given up',
    run: async ({ store, clock, advance }) => {
      const { deliveries } = store;
      assert.deepEqual(await deliveries.counts('hook'), { pending: 0, dead: 0, oldestDeadAt: null });
      await advance(5);
      await enqueue(store, 'a', 'b');
      const first = clock.now();
      await advance(5);
      await enqueue(store, 'c', 'd');
      await deliveries.record([outcome(2, 'dead'), outcome(3, 'dead')]);
      assert.deepEqual(await deliveries.counts('hook'), { pending: 2, dead: 2, oldestDeadAt: first });
      await deliveries.record([outcome(1, 'delivered'), outcome(2, 'delivered')]);
      assert.deepEqual(await deliveries.counts('hook'), { pending: 1, dead: 1, oldestDeadAt: first + 5 });
    },
  },
  {
    title: 'a replay makes pending again what is not, with attempts counted anew',
    run: async ({ store }) => {
      const { deliveries } = store;
      await enqueue(store, 'a', 'b', 'c', 'd');
      await deliveries.record([outcome(1, 'dead'), outcome(2, 'delivered'), outcome(4, 'dead')]);
      assert.equal(await deliveries.replay({ status: 'dead', id: 4 }, 500), 1);
      assert.deepEqual(messages(await deliveries.due('hook', 500, 10)), ['c', 'd']);
      const replayed = await deliveries.get(4);
      assert.deepEqual(
        [replayed?.messageId, replayed?.attempts, replayed?.nextAttemptAt, replayed?.lastError],
        ['d', 0, 500, null],
      );
      assert.equal((await deliveries.attempts(4)).length, 1);
      assert.equal(await deliveries.replay({ id: 3 }, 500), 0, 'pending already');
      assert.equal(await deliveries.replay({ receiver: 'other' }, 500), 0);
      assert.equal(await deliveries.replay({ type: 'thing.' }, 600), 2);
      assert.deepEqual(messages(await deliveries.due('hook', 600, 10)), ['a', 'b', 'c', 'd']);
    },
  },
  {
    title: 'a replay since a time takes thousands',
    run: async ({ store: { deliveries }, clock, advance }) => {
      const names = Array.from({ length: 3_000 }, (_, index) => `${index}`);
      await deliveries.enqueue(
        names.map((name) => delivery(name)),
        {},
      );
      await advance(10);
      await deliveries.enqueue(
        names.map((name) => delivery(name)),
        {},
      );
      const ids = Array.from({ length: 6_000 }, (_, index) => index + 1);
      await deliveries.record(ids.map((id) => outcome(id, 'dead')));
      assert.equal(await deliveries.replay({ since: clock.now() }, 1), 3_000);
      assert.equal((await deliveries.counts('hook')).pending, 3_000);
      assert.equal((await deliveries.due('hook', 1, 1))[0]?.id, 3_001);
    },
  },
  {
    title: 'a purge forgets what is settled and older, with its attempts, and ids are not used again',
    run: async ({ store, clock, advance }) => {
      const { deliveries } = store;
      await enqueue(store, 'a', 'b', 'c');
      await advance(10);
      await enqueue(store, 'd');
      await deliveries.record([outcome(1, 'delivered'), outcome(2, 'dead'), outcome(4, 'delivered')]);
      assert.equal(await deliveries.purge(clock.now()), 2);
      assert.deepEqual(messages(await deliveries.list({ limit: 10 })), ['d', 'c']);
      assert.deepEqual(await deliveries.attempts(1), []);
      assert.equal((await deliveries.attempts(4)).length, 1);
      assert.equal(await deliveries.purge(clock.now() + 1), 1);
      assert.equal((await enqueue(store, 'e'))[0]?.id, 5);
      await deliveries.record([outcome(4, 'delivered')]);
      assert.deepEqual(await deliveries.attempts(4), []);
    },
  },
  {
    title: 'a receiver is forgotten with all that is its own',
    run: async ({ store: { deliveries } }) => {
      await deliveries.enqueue([delivery('a'), delivery('b', { receiver: 'other' })], { hook: 5, other: 6 });
      await deliveries.record([outcome(1, 'pending', { nextAttemptAt: 1 })]);
      await deliveries.forget('hook');
      await deliveries.forget('none');
      assert.equal(await deliveries.cursor('hook'), undefined);
      assert.deepEqual(await deliveries.attempts(1), []);
      assert.equal(await deliveries.nextDueAt('hook'), null);
      assert.deepEqual(messages(await deliveries.list({ limit: 10 })), ['b']);
      assert.equal(await deliveries.cursor('other'), 6);
      await deliveries.enqueue([], { hook: 1 });
      assert.equal(await deliveries.cursor('hook'), 1);
    },
  },
  {
    title: 'deliveries enqueued at once are all kept, each under its own id',
    run: async ({ store }) => {
      const made = await Promise.all(
        Array.from({ length: 30 }, (_, index) => enqueue(store, `${index}-a`, `${index}-b`)),
      );
      const ids = made.flat().map(({ id }) => id);
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        Array.from({ length: 60 }, (_, index) => index + 1),
      );
      for (const [first, second] of made) assert.equal(second?.id, (first?.id ?? 0) + 1);
      const kept = await store.deliveries.list({ limit: 1_000 });
      for (const each of made.flat())
        assert.deepEqual(
          kept.find(({ id }) => id === each.id),
          each,
        );
    },
  },
];
