import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APL } from '../codepage/apl.ts';
import { codePage } from '../codepage/registry.ts';
import { decodeAddress } from '../datastream/address.ts';
import { WCC } from '../datastream/wcc.ts';
import { cellsOf, OutboundStream } from './encode.ts';

const encoding = { codePage: codePage('037'), apl: APL };
const hex = (stream: OutboundStream): string => Buffer.from(stream.bytes).toString('hex');

describe('OutboundStream', () => {
  it.each([
    [
      'Erase/Write that unlocks and resets the tags',
      new OutboundStream(1920).command('EW').wcc(WCC.KeyboardRestore | WCC.ResetMdt),
      'f5c3',
    ],
    ['Write with alarm', new OutboundStream(1920).command('W').wcc(WCC.SoundAlarm), 'f1c4'],
    ['SBA to row 2 column 1 in twelve bits', new OutboundStream(1920).sba(80), '11c150'],
    ['SBA beyond 4,096 cells in fourteen bits', new OutboundStream(5000).sba(0x0fff), '110fff'],
    ['SF protected and skipped', new OutboundStream(1920).sf(0x30), '1df0'],
    [
      'SFE with attribute, highlight and colour',
      new OutboundStream(1920).sfe(0x01, [
        [0x41, 0xf4],
        [0x42, 0xf2],
      ]),
      '2903c0c141f442f2',
    ],
    ['MF', new OutboundStream(1920).mf([[0x42, 0xf2]]), '2c0142f2'],
    ['SA', new OutboundStream(1920).sa(0x42, 0xf1), '2842f1'],
    ['RA of nulls', new OutboundStream(1920).ra(0, 0), '3c404000'],
    ['EUA', new OutboundStream(1920).eua(1919), '125d7f'],
    ['IC', new OutboundStream(1920).ic(), '13'],
  ])('writes %s', (_, stream, expected) => {
    expect(hex(stream)).toBe(expected);
  });

  it('writes text in the code page, by GE what only page 310 has, and ? for the rest', () => {
    expect(hex(new OutboundStream(1920).text('A1┌😀', encoding))).toBe('c1f108c56f');
    expect(hex(new OutboundStream(1920).text('┌', { ...encoding, apl: undefined }))).toBe('6f');
  });

  it('never lets text write an order', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = new OutboundStream(1920).text(text, { ...encoding, apl: undefined }).bytes;
        expect(bytes.length).toBe(cellsOf(text));
        expect(bytes.every((byte) => byte >= 0x40 && byte <= 0xfe)).toBe(true);
      }),
    );
  });

  it('addresses every cell of a buffer so that the terminal reads the same', () => {
    const cells = fc.integer({ min: 1, max: 16_383 });
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        const [size, address] = [Math.max(a, b), Math.min(a, b) - 1];
        const [, high, low] = new OutboundStream(size).sba(address).bytes as unknown as [number, number, number];
        expect(decodeAddress(high, low)).toBe(address);
      }),
    );
  });
});
