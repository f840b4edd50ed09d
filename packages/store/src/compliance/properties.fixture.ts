import assert from 'node:assert/strict';
import { isRoundhouseError } from '@roundhouse/core';
import fc from 'fast-check';
import type { DeliveryFilter, DeliveryStatus } from '../deliveryLog.ts';
import type { Expectation, JsonObject, Lease, Store, Transaction } from '../store.ts';
import { delivery, event, type MakeStore, type StoreBed, Watcher } from './bed.fixture.ts';
import { type Answer, StoreModel } from './model.fixture.ts';

/** One random call of the store and of the model, whose answers have to be equal. */
type Step = (bed: StoreBed, model: StoreModel) => Promise<void>;

const KINDS = ['red', 'blue'];
const IDS = ['a', 'b', 'é', '😀', '～', "'"];
const RECEIVERS = ['hook', 'other'];
const TYPES = ['a.b', 'a.c', 'b'];
const STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'dead'];

const oneOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

async function answerOf(work: Promise<unknown>): Promise<Answer> {
  try {
    return { value: await work };
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    return { refused: error.code };
  }
}

/** A copy without what JSON does not tell apart, such as -0 from 0. */
const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

const value = fc
  .dictionary(fc.string({ unit: 'binary', maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .map(plain);

const expectation: fc.Arbitrary<Expectation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Expectation>('any') },
  oneOf<Expectation>(['absent', 'present']),
  fc.nat({ max: 6 }),
);

const write = fc
  .record({ kind: oneOf(KINDS), id: oneOf(IDS), expect: expectation, value: optional(value) })
  .map(({ value: kept, ...rest }) =>
    kept === undefined ? ({ ...rest, op: 'delete' } as const) : ({ ...rest, op: 'put', value: kept } as const),
  );

const commit = fc
  .record({
    writes: fc.array(write, { maxLength: 4 }),
    events: fc.nat({ max: 3 }),
    gap: fc.constantFrom(0, 0, 0, 0, 1),
  })
  .map(
    ({ writes, events, gap }): Step =>
      async ({ store, clock }, model) => {
        const transaction: Transaction = {
          writes,
          events: Array.from({ length: events }, (_, index) => event(model.lastSequence + 1 + index + gap)),
        };
        assert.deepEqual(await answerOf(store.commit(transaction)), model.commit(transaction, clock.now()));
      },
  );

const read = fc.record({ kind: oneOf(KINDS), id: oneOf(IDS) }).map(
  ({ kind, id }): Step =>
    async ({ store }, model) => {
      const all = model.list(kind);
      assert.deepEqual(
        await store.get(kind, id),
        all.find((each) => each.id === id),
      );
      assert.deepEqual(await store.list(kind), { items: all, next: null, revision: model.revision });
    },
);

const trim = fc.nat({ max: 10 }).map(
  (upTo): Step =>
    async ({ store }, model) => {
      assert.equal(await store.events.trim(upTo), model.trim(upTo));
    },
);

const advance = fc.nat({ max: 300 }).map(
  (ms): Step =>
    (bed) =>
      bed.advance(ms),
);

const lease = fc
  .record({
    name: oneOf(['x', 'y']),
    holder: oneOf(['a', 'b']),
    ttlMs: fc.integer({ min: 1, max: 400 }),
    token: optional(fc.integer({ min: 1, max: 3 })),
  })
  .map(
    ({ token, ...asked }): Step =>
      async ({ store, clock }, model) => {
        if (token === undefined) {
          const { name, holder, ttlMs } = asked;
          assert.deepEqual(await store.acquire(name, holder, ttlMs), model.acquire(name, holder, ttlMs, clock.now()));
          return;
        }
        const given: Lease = { ...asked, token, expiresAt: 0 };
        await store.release(given);
        model.release(given);
      },
  );

const enqueue = fc
  .record({
    parts: fc.array(
      fc.record({ receiver: oneOf(RECEIVERS), type: oneOf(TYPES), nextAttemptAt: fc.nat({ max: 500 }) }),
      { maxLength: 4 },
    ),
    cursor: fc.nat({ max: 20 }),
    receiver: oneOf(RECEIVERS),
  })
  .map(
    ({ parts, cursor, receiver }): Step =>
      async ({ store, clock }, model) => {
        const deliveries = parts.map((part, index) => delivery(`m${index}`, part));
        const cursors = { [receiver]: cursor };
        assert.deepEqual(
          await store.deliveries.enqueue(deliveries, cursors),
          model.enqueue(deliveries, cursors, clock.now()),
        );
      },
  );

const record = fc
  .array(
    fc.record({ id: fc.integer({ min: 1, max: 12 }), status: oneOf(STATUSES), nextAttemptAt: fc.nat({ max: 500 }) }),
    { maxLength: 4 },
  )
  .map(
    (parts): Step =>
      async ({ store }, model) => {
        const outcomes = parts.map(({ id, status, nextAttemptAt }) => ({
          status,
          nextAttemptAt: status === 'pending' ? nextAttemptAt : null,
          attempt: {
            delivery: id,
            at: nextAttemptAt,
            elapsedMs: 1,
            status: null,
            error: status === 'delivered' ? null : 'TIMEOUT',
            facts: {},
          },
        }));
        await store.deliveries.record(outcomes);
        model.record(outcomes);
      },
  );

const filter = fc
  .record({
    receiver: optional(oneOf(RECEIVERS)),
    status: optional(oneOf(STATUSES)),
    type: optional(oneOf(['a', 'a.', 'b', 'é'])),
    age: optional(fc.nat({ max: 300 })),
  })
  .map(
    ({ receiver, status, type, age }) =>
      (now: number): DeliveryFilter => ({
        ...(receiver !== undefined && { receiver }),
        ...(status !== undefined && { status }),
        ...(type !== undefined && { type }),
        ...(age !== undefined && (age % 2 === 0 ? { since: now - age } : { until: now - age })),
      }),
  );

const look = fc.record({ filter, now: fc.nat({ max: 500 }) }).map(
  ({ filter: make, now }): Step =>
    async ({ store: { deliveries }, clock }, model) => {
      const wanted = make(clock.now());
      assert.deepEqual(await deliveries.list({ ...wanted, limit: 1_000 }), model.find(wanted).reverse());
      for (const receiver of RECEIVERS) {
        assert.deepEqual(await deliveries.due(receiver, now, 1_000), model.due(receiver, now));
        assert.equal(await deliveries.cursor(receiver), model.cursors.get(receiver));
        const pending = model.find({ receiver, status: 'pending' });
        const dead = model.find({ receiver, status: 'dead' });
        const least = (times: number[]): number | null => (times.length === 0 ? null : Math.min(...times));
        assert.equal(await deliveries.nextDueAt(receiver), least(pending.map((each) => Number(each.nextAttemptAt))));
        assert.deepEqual(await deliveries.counts(receiver), {
          pending: pending.length,
          dead: dead.length,
          oldestDeadAt: least(dead.map((each) => each.createdAt)),
        });
      }
    },
);

const replay = fc.record({ filter, now: fc.nat({ max: 500 }) }).map(
  ({ filter: make, now }): Step =>
    async ({ store, clock }, model) => {
      const wanted = make(clock.now());
      assert.equal(await store.deliveries.replay(wanted, now), model.replay(wanted, now));
    },
);

const forget = fc.oneof(
  fc.nat({ max: 300 }).map(
    (age): Step =>
      async ({ store, clock }, model) => {
        assert.equal(await store.deliveries.purge(clock.now() - age), model.purge(clock.now() - age));
      },
  ),
  oneOf(RECEIVERS).map(
    (receiver): Step =>
      async ({ store }, model) => {
        await store.deliveries.forget(receiver);
        model.forget(receiver);
      },
  ),
);

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: commit },
    { weight: 3, arbitrary: read },
    { weight: 1, arbitrary: trim },
    { weight: 2, arbitrary: advance },
    { weight: 3, arbitrary: lease },
    { weight: 4, arbitrary: enqueue },
    { weight: 4, arbitrary: record },
    { weight: 3, arbitrary: look },
    { weight: 1, arbitrary: replay },
    { weight: 1, arbitrary: forget },
  ),
  { minLength: 5, maxLength: 40 },
);

async function everything(store: Store, model: StoreModel): Promise<void> {
  assert.deepEqual(await store.events.read({ after: 0, limit: 1_000 }), model.events);
  assert.deepEqual(await store.events.range(), {
    first: model.lastSequence - model.events.length + 1,
    last: model.lastSequence,
  });
  assert.equal(await store.revision(), model.revision);
  const watcher = new Watcher(store, 0);
  await watcher.until(model.changes.length);
  await watcher.stop();
  assert.deepEqual(watcher.seen, model.changes);
}

/** `runs` random histories, each in a store of its own. */
export function agreesWithModel(make: MakeStore, runs: number): { title: string; run: () => Promise<void> } {
  return {
    title: 'random calls are answered as the model of the contract answers them',
    run: async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (calls) => {
          const bed = await make();
          try {
            const model = new StoreModel();
            for (const call of calls) await call(bed, model);
            await everything(bed.store, model);
          } finally {
            await bed.store.close();
            await bed.release();
          }
        }),
        { numRuns: runs },
      );
    },
  };
}
