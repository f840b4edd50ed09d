import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAddress, encodeAddress, FOURTEEN_BIT_CELLS, GRAPHIC_CODES, TWELVE_BIT_CELLS } from './address.ts';

describe('buffer addresses', () => {
  // GA23-0059-07 App. C: positions of a 24 × 80 screen and their codes.
  it.each([
    [0, 0x40, 0x40],
    [1, 0x40, 0xc1],
    [79, 0xc1, 0x4f],
    [80, 0xc1, 0x50],
    [1919, 0x5d, 0x7f],
    [4095, 0x7f, 0x7f],
  ])('codes %i as %i %i in twelve bits', (address, high, low) => {
    const bytes = new Uint8Array(2);
    encodeAddress(bytes, 0, address, 1920);
    expect([...bytes]).toEqual([high, low]);
    expect(decodeAddress(high, low)).toBe(address);
  });

  it('reads fourteen bits when the top two are 00', () => {
    expect(decodeAddress(0x0d, 0x6f)).toBe(0x0d6f);
    expect(decodeAddress(0x3f, 0xff)).toBe(0x3fff);
  });

  it('decodes what it encodes, whatever the size of the buffer', () => {
    const sizes = fc.constantFrom(1920, 3564, TWELVE_BIT_CELLS, TWELVE_BIT_CELLS + 1, FOURTEEN_BIT_CELLS - 1);
    fc.assert(
      fc.property(sizes, fc.nat(), (cells, n) => {
        const bytes = new Uint8Array(2);
        encodeAddress(bytes, 0, n % cells, cells);
        expect(decodeAddress(bytes[0] as number, bytes[1] as number)).toBe(n % cells);
      }),
    );
  });

  it('has 64 different graphic codes, none of them an order', () => {
    expect(new Set(GRAPHIC_CODES).size).toBe(64);
    expect(Math.min(...GRAPHIC_CODES)).toBe(0x40);
  });
});
