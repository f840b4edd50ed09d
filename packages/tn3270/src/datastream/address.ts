/**
 * Buffer addresses on the wire. Up to 4,096 cells an address is two bytes of six bits, each made "graphic" through
 * the code table; the top two bits 00 announce fourteen bits in binary. GA23-0059-07 §4.2 and App. C.
 */

/** An offset into the character buffer: 0 … rows × columns − 1. */
export type BufferAddress = number;

/** The graphic byte for each six-bit value. GA23-0059-07 App. C, "Buffer Address I/O Codes". */
export const GRAPHIC_CODES: Uint8Array = Uint8Array.from(
  (
    '40c1c2c3c4c5c6c7c8c94a4b4c4d4e4f50d1d2d3d4d5d6d7d8d95a5b5c5d5e5f' +
    '6061e2e3e4e5e6e7e8e96a6b6c6d6e6ff0f1f2f3f4f5f6f7f8f97a7b7c7d7e7f'
  ).match(/../g) as string[],
  (hex) => Number.parseInt(hex, 16),
);

/** The largest buffer that twelve-bit addresses reach, in cells. */
export const TWELVE_BIT_CELLS = 4096;
/** The largest buffer that fourteen-bit addresses reach, in cells. */
export const FOURTEEN_BIT_CELLS = 16_384;

/** Total: any two bytes give 0 … 16,383. */
export function decodeAddress(high: number, low: number): BufferAddress {
  return (high & 0xc0) === 0 ? ((high & 0x3f) << 8) | low : ((high & 0x3f) << 6) | (low & 0x3f);
}

/** Writes an address at `offset`; fourteen-bit form when the buffer has more than 4,096 cells. */
export function encodeAddress(target: Uint8Array, offset: number, address: BufferAddress, cells: number): void {
  if (cells > TWELVE_BIT_CELLS) {
    target[offset] = (address >> 8) & 0x3f;
    target[offset + 1] = address & 0xff;
  } else {
    target[offset] = GRAPHIC_CODES[(address >> 6) & 0x3f] as number;
    target[offset + 1] = GRAPHIC_CODES[address & 0x3f] as number;
  }
}
