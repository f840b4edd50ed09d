import { silentLogger } from '@roundhouse/core';
import { createMemoryStore } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import type { Gateway } from '@roundhouse/sessions';
import { assert, asyncProperty, array, boolean, constantFrom, integer, record } from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type EventJournal, type JournalOptions, openEventJournal } from './journal.ts';
import { type JournalEvent, labelsOf } from './record.ts';
import { createTroubledStore } from './troubledStore.fixture.ts';

async function open(options: JournalOptions = {}) {
  const clock = new FakeClock();
  const store = createTroubledStore(createMemoryStore({ clock }));
  const states: string[] = [];
  const deps = { store, clock, random: () => 0.5, log: silentLogger, onState: (state: string) => states.push(state) };
  const journal = await openEventJournal(options, deps);
  return { clock, store, states, journal, reopen: () => openEventJournal(options, deps) };
}

function publishMany(journal: EventJournal, count: number): void {
  for (let n = 1; n <= count; n++) journal.publish('session.active', `s${n}`);
}

describe('publishing', () => {
  it('numbers events without gaps and goes on behind those of an earlier life', async () => {
    const { journal, reopen } = await open();
    expect(journal.publish('session.created', 's1', { group: null, endpoint: null })).toMatchObject({
      id: '1',
      type: 'roundhouse.session.created',
      subject: 's1',
      specversion: '1.0',
    });
    expect(journal.publish('session.closed', 's1').id).toBe('2');
    await journal.close();
    await using next = await reopen();
    expect(next.publish('session.created', 's2').id).toBe('3');
    await next.settled();
    expect((await next.read(0)).map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('writes what one turn of the loop publishes as one append', async () => {
    const { journal, store } = await open();
    publishMany(journal, 500);
    await journal.settled();
    expect(store.calls).toEqual(['append']);
    await journal.close();
  });

  it('tells watchers in order, and only when an event is durable', async () => {
    const { journal, store } = await open();
    const told: string[] = [];
    journal.watch(({ id }) => {
      told.push(id);
      void store.events.range().then(({ last }) => expect(last).toBeGreaterThanOrEqual(Number(id)));
    });
    publishMany(journal, 3);
    expect(told).toEqual([]);
    await journal.settled();
    expect(told).toEqual(['1', '2', '3']);
    await journal.close();
  });

  it('keeps labels in the data, the trace beside it, and a copy of what it was given', async () => {
    const { journal } = await open();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const data = { group: 'g' };
    journal.publish('session.created', 's1', data, { labels: { env: 'prod' }, traceparent });
    data.group = 'changed';
    await journal.settled();
    const events = await journal.read(0);
    expect(events).toMatchObject([{ traceparent, data: { group: 'g' } }]);
    expect(events.map(labelsOf)).toEqual([{ env: 'prod' }]);
    await journal.close();
  });

  it.each([
    ['Session.created', 's', {}],
    ['created', 's', {}],
    ['session.created', 's', { big: 1n }],
  ])('refuses %s %s', async (type, subject, data) => {
    const { journal } = await open();
    expect(() => journal.publish(type, subject, data)).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
    await journal.close();
  });

  it('takes any subject, as far as there is room for it', async () => {
    const { journal } = await open();
    const subjects = ['', 'x'.repeat(300)].map((subject) => journal.publish('authentication.failed', subject).subject);
    expect(subjects).toEqual(['-', 'x'.repeat(256)]);
    await journal.close();
  });

  it('leaves out data that is too large, and says so', async () => {
    const { journal } = await open();
    expect(journal.publish('session.created', 's', { text: 'x'.repeat(70_000) }).data).toEqual({
      truncated: true,
      data_bytes: 70_011,
    });
    await journal.close();
  });
});

describe('a store in trouble', () => {
  it('is tried again until it takes the events; the state tells of it', async () => {
    const { journal, store, clock, states } = await open();
    store.trouble.set('append', 'before');
    publishMany(journal, 3);
    await clock.advance(20_000);
    expect(journal.state).toBe('degraded');
    expect(journal.waiting).toBe(3);
    store.trouble.clear();
    await clock.advance(10_000);
    await journal.settled();
    expect(journal.range()).toEqual({ first: 1, last: 3 });
    expect(states).toEqual(['degraded', 'ok']);
    await journal.close();
  });

  it('stores an event once when the answer of the store was lost', async () => {
    const { journal, store, clock } = await open();
    store.trouble.set('append', 'after');
    publishMany(journal, 2);
    await clock.advance(0);
    store.trouble.clear();
    await clock.advance(10_000);
    await journal.settled();
    expect((await store.events.read({ after: 0, limit: 10 })).map(({ subject }) => subject)).toEqual(['s1', 's2']);
    await journal.close();
  });

  it('goes on behind what another writer has put in', async () => {
    const { journal, store, clock } = await open();
    await store.events.append([{ sequence: 1, at: 5, type: 'other', subject: 'x', body: {} }]);
    publishMany(journal, 2);
    await clock.advance(10_000);
    await journal.settled();
    expect((await journal.read(1)).map(({ id, subject }) => [id, subject])).toEqual([
      ['2', 's1'],
      ['3', 's2'],
    ]);
    await journal.close();
  });

  it('counts the oldest as lost when there is no room left, in their place, and says it is overloaded before', async () => {
    const { journal, store, clock, states } = await open({ maxWaiting: 10 });
    store.trouble.set('append', 'before');
    publishMany(journal, 1);
    await clock.advance(0);
    publishMany(journal, 8);
    expect(states).toEqual(['degraded', 'overloaded']);
    expect(() => journal.admit()).toThrowError(expect.objectContaining({ code: 'EVENTS_OVERLOADED' }));
    await expect(journal.commit([], [])).rejects.toMatchObject({ code: 'EVENTS_OVERLOADED' });
    const settled = journal.settled();
    publishMany(journal, 5);
    await expect(settled).rejects.toMatchObject({ code: 'EVENTS_LOST' });
    store.trouble.clear();
    await clock.advance(10_000);
    await journal.settled();
    const events = await journal.read(0);
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    // The first was on its way when room ran out; s1 … s4 of the second lot were the oldest that waited.
    expect(events.map(({ type, subject }) => (type === 'roundhouse.events.lost' ? 'lost' : subject))).toEqual(
      's1 lost s5 s6 s7 s8 s1 s2 s3 s4 s5'.split(' '),
    );
    expect(events[1]?.data).toEqual({ count: 4 });
    expect(journal.state).toBe('ok');
    await journal.close();
  });

  it('gives up at the end after a while, says how many events are not stored, and leaves no timer', async () => {
    const { journal, store, clock } = await open();
    store.trouble.set('append', 'before');
    publishMany(journal, 2);
    const closed = expect(journal.close()).rejects.toMatchObject({ code: 'EVENTS_NOT_STORED', details: { count: 2 } });
    await clock.advance(5_000);
    await closed;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('whatever the store does', () => {
  const step = record({
    events: integer({ min: 0, max: 8 }),
    transaction: boolean(),
    trouble: constantFrom('none', 'before', 'after'),
    ms: integer({ min: 0, max: 200 }),
  });

  it('numbers have no gap, events no repetition, and watchers see what the store has', async () => {
    await assert(
      asyncProperty(array(step, { maxLength: 12 }), async (steps) => {
        const { journal, store, clock } = await open();
        const told: string[] = [];
        let made = 0;
        journal.watch(({ id, subject }) => told.push(`${id} ${subject}`));
        for (const { events, transaction, trouble, ms } of steps) {
          store.trouble.clear();
          if (trouble !== 'none') store.trouble.set('append', trouble);
          for (let n = 0; n < events; n++) journal.publish('session.active', `s${++made}`);
          if (transaction) {
            void journal.commit([], [{ type: 'webhook.changed', subject: `s${++made}` }]);
          }
          await clock.advance(ms);
        }
        store.trouble.clear();
        await clock.advance(10_000);
        await journal.settled();
        const stored = made === 0 ? [] : await store.events.read({ after: 0, limit: 1_000 });
        expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1));
        expect(stored.map(({ subject }) => subject)).toEqual(
          Array.from({ length: made }, (_, index) => `s${index + 1}`),
        );
        expect(told).toEqual(stored.map(({ sequence, subject }) => `${sequence} ${subject}`));
        await journal.close();
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('resources and events together', () => {
  const put = { op: 'put', kind: 'webhook', id: 'w', value: {}, expect: 'absent' } as const;

  it('are one transaction, in the order of publishing', async () => {
    const { journal, store } = await open();
    journal.publish('session.created', 'before');
    const committed = journal.commit([put], [{ type: 'webhook.created', subject: 'w' }]);
    journal.publish('session.created', 'after');
    expect((await committed).events.map(({ id }) => id)).toEqual(['2']);
    await journal.settled();
    expect((await journal.read(0)).map(({ subject }) => subject)).toEqual(['before', 'w', 'after']);
    expect(await store.get('webhook', 'w')).toBeDefined();
    await journal.close();
  });

  it('leave no event and no gap when the write is refused', async () => {
    const { journal } = await open();
    await journal.commit([put], []);
    const refused = journal.commit([put], [{ type: 'webhook.created', subject: 'w' }]);
    journal.publish('session.created', 'after');
    await expect(refused).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await journal.settled();
    expect((await journal.read(0)).map(({ id, subject }) => [id, subject])).toEqual([['1', 'after']]);
    await journal.close();
  });
});

it('can stand in for the bus of the gateway', () => {
  type Bus = Pick<Gateway['events'], keyof Gateway['events']>;
  expectTypeOf<EventJournal>().toExtend<Bus>();
});

describe('coming back', () => {
  it('reads behind an id from memory, and what is older from the store', async () => {
    const { journal } = await open({ recent: 2 });
    publishMany(journal, 9);
    await journal.settled();
    const ids = (events: readonly JournalEvent[]): string[] => events.map(({ id }) => id);
    expect(journal.keeps('3')).toBe(false);
    expect(ids(await journal.read(3, 4))).toEqual(['4', '5', '6', '7']);
    expect(ids(journal.since('8').events)).toEqual(['9']);
    expect(journal.since('3')).toMatchObject({ hasGap: true });
    expect(await journal.read(9)).toEqual([]);
    await journal.close();
  });

  it('says which events are no longer kept', async () => {
    const { journal, clock } = await open({ retention: { maxEvents: 4 } });
    publishMany(journal, 10);
    await journal.settled();
    await clock.advance(60_000);
    expect(journal.range()).toEqual({ first: 7, last: 10 });
    expect(journal.locate('3')).toEqual({ after: 6, missing: { from: 4, to: 6 }, isForeign: false });
    expect(journal.locate('6')).toEqual({ after: 6, missing: null, isForeign: false });
    expect(journal.locate('10')).toEqual({ after: 10, missing: null, isForeign: false });
    expect(journal.locate('1700000000000000')).toEqual({ after: 6, missing: null, isForeign: true });
    expect(journal.locate('x')).toMatchObject({ isForeign: true });
    expect((await journal.read(3)).map(({ id }) => id)).toEqual(['7', '8', '9', '10']);
    expect([journal.keeps('3'), journal.keeps('6')]).toEqual([false, true]);
    await journal.close();
  });

  it('forgets events by age, in slices', async () => {
    const { journal, clock } = await open({ retention: { maxAgeMs: 3_600_000 }, recent: 10 });
    publishMany(journal, 2_500);
    await journal.settled();
    await clock.advance(3_540_000);
    expect(journal.range().first).toBe(1);
    publishMany(journal, 5);
    await journal.settled();
    await clock.advance(120_000);
    expect(journal.range()).toEqual({ first: 2_501, last: 2_505 });
    await journal.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
