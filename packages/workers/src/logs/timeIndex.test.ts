import { describe, expect, it } from 'vitest';
import { decodeIndexHeader, encodeIndexHeader, encodeIndexRecord, TimeIndex } from './timeIndex.ts';

function indexOf(...records: readonly (readonly [offset: number, at: number])[]): TimeIndex {
  const index = new TimeIndex();
  index.push(Buffer.concat(records.map(([offset, at]) => encodeIndexRecord({ offset, at }))));
  return index;
}

describe('TimeIndex', () => {
  it('has its layout in the file', () => {
    expect(encodeIndexHeader(258).toString('hex')).toBe('52484c49010000000000000000207040');
    expect(encodeIndexRecord({ offset: 1, at: 2 }).toString('hex')).toBe('000000000000f03f0000000000000040');
  });

  it.each(['', '52484c49', '52484c4902000000000000000020704', '00'.repeat(16), '52484c4901000000000000000000f0bf'])(
    'takes %j for no header',
    (hex) => {
      expect(decodeIndexHeader(Buffer.from(hex, 'hex'))).toBeUndefined();
      expect(decodeIndexHeader(encodeIndexHeader(12_345))).toBe(12_345);
    },
  );

  it('gives a byte the time of the last record at or before it', () => {
    const index = indexOf([0, 100], [10, 200], [30, 300]);
    expect([0, 9, 10, 29, 30, 1_000].map((offset) => index.timeAt(offset))).toEqual([100, 100, 200, 200, 300, 300]);
    expect(indexOf([5, 100]).timeAt(4)).toBeUndefined();
  });

  it('finds where a time begins and ends', () => {
    const index = indexOf([0, 100], [10, 200], [30, 300]);
    expect([0, 100, 101, 200, 300, 301].map((ms) => index.firstSince(ms))).toEqual([0, 0, 10, 10, 30, Infinity]);
    expect([99, 100, 199, 200, 299, 300].map((ms) => index.endUntil(ms))).toEqual([0, 10, 10, 30, 30, Infinity]);
  });

  it('leaves nothing out when the clock was set back', () => {
    const index = indexOf([0, 500], [10, 600], [20, 100], [30, 200]);
    expect(index.firstSince(150)).toBe(0);
    expect(index.endUntil(150)).toBe(30);
    expect(index.endUntil(550)).toBe(Infinity);
  });

  it('leaves a part of a record for later', () => {
    const bytes = Buffer.concat([encodeIndexRecord({ offset: 0, at: 1 }), encodeIndexRecord({ offset: 9, at: 2 })]);
    const index = new TimeIndex();
    index.push(bytes.subarray(0, 25));
    expect([index.count, index.timeAt(9)]).toEqual([1, 1]);
    index.push(bytes.subarray(16));
    expect([index.count, index.timeAt(9)]).toEqual([2, 2]);
  });
});
