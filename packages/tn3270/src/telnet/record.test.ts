import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './client.fixture.ts';
import { RecordAssembler } from './record.ts';

describe('RecordAssembler', () => {
  it('hands on a record of one run without a copy', () => {
    const records = new RecordAssembler(100);
    const chunk = fromHex('00010203');
    records.append(chunk, 1, 3);
    const record = records.take();
    expect(toHex(record)).toBe('0102');
    expect(record.buffer).toBe(chunk.buffer);
  });

  it('tells a record that lies as it came over the line from one that only looks like it', () => {
    const records = new RecordAssembler(100);
    records.append(fromHex('0102ffef'), 0, 2);
    records.take();
    expect(records.framed).toBe(true);
    // NOP between the record and its end; the end is still to come; the record was put together.
    for (const [hex, pieces] of [
      ['0102fff1ffef', [2]],
      ['0102', [2]],
      ['0102ffef', [1, 2]],
    ] as const) {
      let from = 0;
      for (const to of pieces) {
        records.append(fromHex(hex), from, to);
        from = to;
      }
      expect(toHex(records.take())).toBe('0102');
      expect(records.framed).toBe(false);
    }
  });

  it('joins runs, and keeps a settled run when its chunk is reused', () => {
    const records = new RecordAssembler(100);
    const chunk = fromHex('0102');
    records.append(chunk, 0, 2);
    records.settle();
    chunk.fill(0xee);
    records.append(fromHex('03'), 0, 1);
    expect(records.length).toBe(3);
    expect(toHex(records.take())).toBe('010203');
    expect(records.length).toBe(0);
  });

  it('refuses what exceeds its limit and keeps what it has', () => {
    const records = new RecordAssembler(4);
    expect(records.append(fromHex('010203'), 0, 3)).toBe(true);
    expect(records.append(fromHex('0405'), 0, 2)).toBe(false);
    expect(records.append(fromHex('04'), 0, 1)).toBe(true);
    expect(toHex(records.take())).toBe('01020304');
  });

  it('is empty after clear', () => {
    const records = new RecordAssembler(4);
    records.append(fromHex('010203'), 0, 3);
    records.clear();
    expect(toHex(records.take())).toBe('');
  });
});
