import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQueryReplies } from './query.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Replies in the layout of GA23-0059-07 §6.51, 6.12, 6.13, 6.30, 6.31, of a colour display of 43 × 80. */
const REPLIES = [
  '0006 8180 8081',
  '0017 8181 01 00 0050 002b 01 000a02e5 0002006f 09 0c 0d70',
  '001b 8185 82 00 09 0c 00000000 07 00 10 00 02b90025 01 00 f1 03c30136',
  '000e 8186 00 04 00f4 f1f1 f2f2 f4f4',
  '000d 8187 04 00f0 f1f1 f2f2 f800',
  '0011 81a6 00 00 0b 01 00 0050 0018 0050 002b',
].join('');

describe('parseQueryReplies', () => {
  it('reads sizes, colours, highlighting and character sets', () => {
    expect(parseQueryReplies(bytes(REPLIES))).toEqual({
      replies: [0x80, 0x81, 0x85, 0x86, 0x87, 0xa6],
      usableArea: { rows: 43, columns: 80 },
      implicitSizes: { default: { rows: 24, columns: 80 }, alternate: { rows: 43, columns: 80 } },
      colors: 3,
      highlighting: [0xf1, 0xf2],
      graphicEscape: true,
      cgcsgid: 0x02b9_0025,
    });
  });

  it('says of a monochrome display that it tells no colours apart', () => {
    expect(parseQueryReplies(bytes('000c 8186 00 03 00f4 f100 f200')).colors).toBe(0);
  });

  it('leaves out what is short, and a size that addresses do not reach', () => {
    expect(parseQueryReplies(bytes('0006 8181 0100')).usableArea).toBeUndefined();
    expect(parseQueryReplies(bytes('000a 8181 0100 ffff ffff')).usableArea).toBeUndefined();
    expect(parseQueryReplies(bytes('0003')).replies).toEqual([]);
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.constantFrom(0x81, 0x85, 0x86, 0x87, 0xa6), fc.uint8Array({ maxLength: 40 }), (code, body) => {
        parseQueryReplies(Uint8Array.of(0, body.length + 4, 0x81, code, ...body));
      }),
    );
  });
});
