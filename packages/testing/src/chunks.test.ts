import { describe, expect, it } from 'vitest';
import { cutBySize, cutEverywhere } from './chunks.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('cutEverywhere', () => {
  it('cuts at every place, the ends included', () => {
    expect([...cutEverywhere(bytes(1, 2))]).toEqual([
      [bytes(), bytes(1, 2)],
      [bytes(1), bytes(2)],
      [bytes(1, 2), bytes()],
    ]);
    expect([...cutEverywhere(bytes())]).toEqual([[bytes(), bytes()]]);
  });
});

describe('cutBySize', () => {
  it('leaves the rest for the last piece', () => {
    expect(cutBySize(bytes(1, 2, 3), 2)).toEqual([bytes(1, 2), bytes(3)]);
    expect(cutBySize(bytes(1, 2), 1)).toEqual([bytes(1), bytes(2)]);
    expect(cutBySize(bytes(), 1)).toEqual([]);
  });

  it('refuses pieces of nothing', () => {
    expect(() => cutBySize(bytes(1), 0)).toThrow(RangeError);
  });
});
