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
