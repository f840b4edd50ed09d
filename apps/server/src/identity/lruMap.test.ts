import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LruMap } from './lruMap.ts';

it('forgets the entry that was not used for longest, and holds no more than it may', () => {
  const map = new LruMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect(map.get('b')).toBeUndefined();
  expect([...map.entries()]).toEqual([
    ['a', 1],
    ['c', 3],
  ]);
  map.set('a', 4);
  expect(map.size).toBe(2);
  expect(map.delete('a')).toBe(true);
  expect(map.delete('a')).toBe(false);
});

it('lets the entry that a loop has just been given be deleted', () => {
  const map = new LruMap<string, number>(3);
  for (const key of ['a', 'b', 'c']) map.set(key, 0);
  for (const [key] of map.entries()) if (key !== 'b') map.delete(key);
  expect([...map.entries()]).toEqual([['b', 0]]);
});

const operation = fc.record({ what: fc.constantFrom('get', 'set', 'delete'), key: fc.nat(5), value: fc.nat() });

it('does what a list in the order of use does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(operation, { maxLength: 40 }), (maxEntries, operations) => {
      const map = new LruMap<number, number>(maxEntries);
      let list: Array<[number, number]> = [];
      for (const { what, key, value } of operations) {
        const found = list.find(([each]) => each === key);
        const others = list.filter((each) => each !== found);
        if (what === 'set') {
          map.set(key, value);
          list = [...others, [key, value] as [number, number]].slice(-maxEntries);
        } else if (what === 'get') {
          expect(map.get(key)).toBe(found?.[1]);
          list = found === undefined ? list : [...others, found];
        } else {
          expect(map.delete(key)).toBe(found !== undefined);
          list = others;
        }
        expect([...map.entries()]).toEqual(list);
        expect(map.size).toBe(list.length);
      }
    }),
  );
});
