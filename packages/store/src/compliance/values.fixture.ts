import assert from 'node:assert/strict';
import type { Json, JsonObject } from '../store.ts';
import { type ComplianceCase, delivery, event, put, putOne, rejectsWith } from './bed.fixture.ts';

const HOSTILE_IDS = [
  "Robert'); DROP TABLE resources;--",
  '"quoted"',
  '`back`',
  '%_%',
  '\\',
  '$1',
  '?1',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  ' ',
  'a\nb',
  'a\tb',
  '\u0001',
  '\u007f',
  'e\u0301',
  'é',
  '\u202e',
  '漢字',
  '😀',
  '\uffff',
  '{}',
  '{a,b}',
  'NULL',
  'null',
  '0',
  'x'.repeat(512),
];

const HOSTILE_VALUES: readonly JsonObject[] = [
  {},
  { '': '' },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}') as JsonObject,
  { text: 'a\0b\u0001\u2028\u2029"\\\'', lone: '\ud800', 'key\0': 1, '\udfff': 2 },
  { numbers: [0, 1e-7, 1.5, -1e21, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Number.MIN_VALUE] },
  { deep: Array.from({ length: 90 }).reduce<Json>((inner) => [inner], null) },
  { order: { z: 1, a: 2, '10': 3, '9': 4 } },
  { big: 'x'.repeat(1_000_000) },
];

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

/** What the type forbids and a caller may pass all the same. */
const NOT_JSON: readonly unknown[] = [
  null,
  [],
  'text',
  { a: undefined },
  { a: Number.NaN },
  { a: Infinity },
  { a: 1n },
  { a: () => 1 },
  { a: new Date(0) },
  { a: new Map() },
  { a: [undefined] },
  { a: Array(2) },
  cyclic,
  { big: 'x'.repeat(5_000_000) },
];

const NOT_TEXT: readonly unknown[] = ['', 'a\0b', '\0', '\ud800', 'a\udfff', 'x'.repeat(513), 1, null, {}];

export const valueCases: readonly ComplianceCase[] = [
  {
    title: 'any text is kept as an id, and no two are one',
    run: async ({ store }) => {
      for (const [index, id] of HOSTILE_IDS.entries()) await putOne(store, id, { index });
      for (const [index, id] of HOSTILE_IDS.entries()) {
        const resource = await store.get('thing', id);
        assert.deepEqual([resource?.id, resource?.value], [id, { index }]);
      }
      const listed = (await store.list('thing', { limit: 1_000 })).items.map(({ id }) => id);
      assert.equal(listed.length, HOSTILE_IDS.length);
      const bytes = (id: string): Buffer => Buffer.from(id);
      assert.deepEqual(
        listed,
        HOSTILE_IDS.toSorted((a, b) => bytes(a).compare(bytes(b))),
      );
    },
  },
  {
    title: 'any JSON is kept as it is, order of keys included',
    run: async ({ store }) => {
      for (const [index, value] of HOSTILE_VALUES.entries()) {
        const put = await putOne(store, `${index}`, value);
        const found = await store.get('thing', `${index}`);
        assert.equal(JSON.stringify(put.value), JSON.stringify(value));
        assert.equal(JSON.stringify(found?.value), JSON.stringify(value));
      }
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      const body = HOSTILE_VALUES[3] as JsonObject;
      await store.events.append([event(1, body)]);
      assert.deepEqual((await store.events.read({ after: 0, limit: 1 }))[0]?.body, body);
      const [made] = await store.deliveries.enqueue([delivery('m', { body })], {});
      assert.deepEqual((await store.deliveries.get(made?.id ?? 0))?.body, body);
    },
  },
  {
    title: 'hostile names serve receivers, keys, types, leases and kinds as well',
    run: async ({ store }) => {
      for (const name of HOSTILE_IDS) {
        await putOne(store, 'a', {}, name);
        assert.equal((await store.list(name)).items[0]?.kind, name);
        assert.equal((await store.acquire(name, name, 1_000))?.holder, name);
        const [made] = await store.deliveries.enqueue(
          [delivery(name, { receiver: name, orderKey: name, type: name })],
          Object.fromEntries([[name, 7]]),
        );
        assert.deepEqual(await store.deliveries.due(name, 0, 10), [made]);
        assert.equal(await store.deliveries.cursor(name), 7);
        assert.deepEqual(await store.deliveries.list({ receiver: name, type: name, limit: 10 }), [made]);
      }
    },
  },
  {
    title: 'what is no JSON is refused, and nothing is written',
    run: async ({ store }) => {
      for (const value of NOT_JSON) {
        const wrong = value as JsonObject;
        await rejectsWith('ILLEGAL_ARGUMENT', store.commit({ writes: [put('a', wrong)] }));
        await rejectsWith('ILLEGAL_ARGUMENT', store.events.append([event(1, wrong)]));
        await rejectsWith('ILLEGAL_ARGUMENT', store.deliveries.enqueue([delivery('m', { body: wrong })], { hook: 1 }));
      }
      assert.equal(await store.revision(), 0);
      assert.equal(await store.deliveries.cursor('hook'), undefined);
    },
  },
  {
    title: 'text that a back end could not keep is refused by all of them',
    run: async ({ store }) => {
      for (const value of NOT_TEXT) {
        const wrong = value as string;
        const calls: ReadonlyArray<() => Promise<unknown>> = [
          () => store.get('thing', wrong),
          () => store.get(wrong, 'a'),
          () => store.list(wrong),
          () => store.commit({ writes: [put(wrong)] }),
          () => store.commit({ writes: [put('a', {}, 'any', wrong)] }),
          () => store.events.append([{ ...event(1), type: wrong }]),
          () => store.acquire(wrong, 'me', 1),
          () => store.acquire('it', wrong, 1),
          () => store.deliveries.due(wrong, 0, 1),
          () => store.deliveries.enqueue([delivery(wrong)], {}),
          () => store.deliveries.enqueue([delivery('m', { receiver: wrong })], {}),
          () => store.deliveries.forget(wrong),
        ];
        for (const call of calls) await rejectsWith('ILLEGAL_ARGUMENT', call());
      }
      for (const receiver of ['', 'a\0b', '\ud800']) {
        await rejectsWith('ILLEGAL_ARGUMENT', store.deliveries.enqueue([], { [receiver]: 1 }));
      }
    },
  },
];
