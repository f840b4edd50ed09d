import { describe, expect, it } from 'vitest';
import { createUlids } from './ulid.ts';

const zeros = (size: number): Uint8Array => new Uint8Array(size);
const ones = (size: number): Uint8Array => new Uint8Array(size).fill(255);

describe('createUlids', () => {
  it('begins with the time of the example of the specification', () => {
    expect(createUlids(zeros)(1_469_922_850_259)).toBe('01ARZ3NDEK0000000000000000');
  });

  it('writes all bits of the largest', () => {
    expect(createUlids(ones)(2 ** 48 - 1)).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
  });

  it('takes fresh bytes for each, over the end of what it fetched at a time', () => {
    let next = 0;
    const counting = (size: number): Uint8Array => {
      const bytes = Buffer.alloc(size);
      for (let at = 0; at < size; at += 10) bytes.writeUInt32BE(next++, at + 6);
      return bytes;
    };
    const ulid = createUlids(counting);
    const ids = Array.from({ length: 600 }, () => ulid(0));
    expect(new Set(ids).size).toBe(600);
    expect(ids).toEqual(ids.toSorted());
  });
});
