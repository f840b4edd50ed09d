import { describe, expect, it } from 'vitest';
import { StickyTable } from './stickyTable.ts';

describe('StickyTable', () => {
  it('forgets a key that is not used in time, counted from its last use', () => {
    const table = new StickyTable(10, 100);
    table.set('joe', 'a', 0);
    expect(table.get('joe', 99)).toBe('a');
    table.set('joe', 'b', 99);
    expect(table.get('joe', 198)).toBe('b');
    expect(table.get('joe', 199)).toBeUndefined();
    expect(table.size).toBe(0);
  });

  it('drops the key that was not set for longest beyond its bound', () => {
    const table = new StickyTable(2, 100);
    table.set('joe', 'a', 0);
    table.set('ann', 'b', 0);
    table.set('joe', 'a', 1);
    table.set('tom', 'c', 2);
    expect(['joe', 'ann', 'tom'].map((key) => table.get(key, 3))).toEqual(['a', undefined, 'c']);
    expect(table.size).toBe(2);
  });

  it('holds what it has to new bounds', () => {
    const table = new StickyTable(3, 100);
    for (const [key, now] of [
      ['joe', 0],
      ['ann', 50],
      ['tom', 60],
    ] as const)
      table.set(key, 'a', now);
    table.configure(2, 200);
    expect(['joe', 'ann', 'tom'].map((key) => table.get(key, 150))).toEqual([undefined, 'a', 'a']);
    table.configure(2, 95);
    expect(['ann', 'tom'].map((key) => table.get(key, 150))).toEqual([undefined, 'a']);
  });
});
