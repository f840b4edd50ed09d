import assert from 'node:assert/strict';
import { type ComplianceCase, event, eventsFrom, put, rejectsWith } from './bed.fixture.ts';

export const eventCases: readonly ComplianceCase[] = [
  {
    title: 'events are read as they were appended, behind a sequence',
    run: async ({ store: { events } }) => {
      assert.deepEqual(await events.range(), { first: 1, last: 0 });
      assert.deepEqual(await events.read({ after: 0, limit: 10 }), []);
      await events.append(eventsFrom(1, 5));
      await events.append([]);
      assert.deepEqual(await events.read({ after: 0, limit: 1_000 }), eventsFrom(1, 5));
      assert.deepEqual(await events.read({ after: 2, limit: 2 }), eventsFrom(3, 2));
      assert.deepEqual(await events.read({ after: 5, limit: 2 }), []);
      assert.deepEqual(await events.range(), { first: 1, last: 5 });
    },
  },
  {
    title: 'events go with the writes of their transaction, and alone make no revision',
    run: async ({ store }) => {
      assert.equal((await store.commit({ writes: [put('a')], events: eventsFrom(1, 2) })).revision, 1);
      assert.equal((await store.commit({ events: eventsFrom(3, 1) })).revision, 1);
      assert.deepEqual(await store.events.range(), { first: 1, last: 3 });
    },
  },
  {
    title: 'a sequence that does not follow is refused, and nothing of it is written',
    run: async ({ store }) => {
      const { events } = store;
      await events.append(eventsFrom(1, 3));
      for (const wrong of [[event(5)], [event(3)], [event(4), event(6)], [event(4), event(4)], [event(1)]]) {
        await rejectsWith('EVENT_SEQUENCE_CONFLICT', events.append(wrong));
      }
      for (const sequence of [0, -1, 1.5]) await rejectsWith('ILLEGAL_ARGUMENT', events.append([event(sequence)]));
      assert.deepEqual(await events.range(), { first: 1, last: 3 });
      await events.append(eventsFrom(4, 1));
    },
  },
  {
    title: 'of several that append the same sequence at once one wins',
    run: async ({ store }) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, writer) => store.events.append([event(1, { writer })])),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.deepEqual(await store.events.range(), { first: 1, last: 1 });
    },
  },
  {
    title: 'trimming forgets the oldest, and numbers go on',
    run: async ({ store: { events } }) => {
      await events.append(eventsFrom(1, 10));
      assert.equal(await events.trim(0), 0);
      assert.equal(await events.trim(4), 4);
      assert.equal(await events.trim(4), 0);
      assert.deepEqual(await events.range(), { first: 5, last: 10 });
      assert.deepEqual(await events.read({ after: 0, limit: 2 }), eventsFrom(5, 2));
      assert.equal(await events.trim(1_000), 6);
      assert.deepEqual(await events.range(), { first: 11, last: 10 });
      await events.append(eventsFrom(11, 1));
      assert.deepEqual(await events.range(), { first: 11, last: 11 });
    },
  },
  {
    title: 'a trim of thousands forgets them all',
    run: async ({ store: { events } }) => {
      await events.append(eventsFrom(1, 6_000));
      assert.equal(await events.trim(5_999), 5_999);
      assert.deepEqual(await events.read({ after: 0, limit: 10 }), eventsFrom(6_000, 1));
    },
  },
  {
    title: 'a read takes 1 to 1,000',
    run: async ({ store: { events } }) => {
      for (const limit of [0, 1_001, 0.5]) await rejectsWith('ILLEGAL_ARGUMENT', events.read({ after: 0, limit }));
      await rejectsWith('ILLEGAL_ARGUMENT', events.read({ after: -1, limit: 1 }));
    },
  },
];
