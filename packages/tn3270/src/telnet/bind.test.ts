import { describe, expect, it } from 'vitest';
import { parseBindImage } from './bind.ts';
import { fromHex, LETTERS } from './client.fixture.ts';

const MODEL_4 = { rows: 43, columns: 80 };
/** A BIND of x3270's own test host: PLU IBM0SMAA, 24 × 80 and 43 × 80 by screen size code 7F. */
const IMAGE = fromHex('31010303b1903080008787f8870002800000000018502b507f000008c9c2d4f0e2d4c1c10005007eec0b10');

/** `IMAGE` with other screen bytes: default rows and columns, alternate rows and columns, code. */
function withSizes(hex: string): Uint8Array {
  const image = IMAGE.slice();
  image.set(fromHex(hex), 20);
  return image;
}

describe('parseBindImage', () => {
  it('reads application, request unit sizes and screen sizes', () => {
    expect(parseBindImage(IMAGE, LETTERS, MODEL_4)).toEqual({
      pluName: 'IBM0SMAA',
      maxSecondaryRuBytes: 8 * 2 ** 7,
      maxPrimaryRuBytes: 15 * 2 ** 8,
      sizes: {
        defaultSize: { rows: 24, columns: 80 },
        alternateSize: { rows: 43, columns: 80 },
        acceptable: true,
      },
    });
  });

  it.each([
    ['00', '0000000000', [24, 80, 24, 80], true],
    ['02', '0000000002', [24, 80, 24, 80], true],
    ['03: the terminal has its own alternate size', '0000000003', [24, 80, 43, 80], true],
    ['7E: one size', '1b50ffff7e', [27, 80, 27, 80], true],
    ['7F: both', '18502b507f', [24, 80, 43, 80], true],
    ['7F, default too small', '17502b507f', [23, 80, 43, 80], false],
    ['7F, alternate too small', '18501b4f7f', [24, 80, 27, 79], false],
    ['7F, default too large', '2c502b507f', [44, 80, 43, 80], false],
    ['7F, alternate too wide', '18501b847f', [24, 80, 27, 132], false],
  ])('takes screen size code %s', (_title, hex, [rows, columns, alternateRows, alternateColumns], acceptable) => {
    expect(parseBindImage(withSizes(hex), LETTERS, MODEL_4)?.sizes).toEqual({
      defaultSize: { rows, columns },
      alternateSize: { rows: alternateRows, columns: alternateColumns },
      acceptable,
    });
  });

  it('leaves sizes alone for other codes and short images', () => {
    expect(parseBindImage(withSizes('1850285001'), LETTERS, MODEL_4)?.sizes).toBeNull();
    expect(parseBindImage(IMAGE.subarray(0, 24), LETTERS, MODEL_4)).toEqual({
      pluName: null,
      maxSecondaryRuBytes: 8 * 2 ** 7,
      maxPrimaryRuBytes: 15 * 2 ** 8,
      sizes: null,
    });
  });

  it('states no request unit limit without the high bit', () => {
    const image = IMAGE.slice();
    image.set([0x07, 0x00], 10);
    expect(parseBindImage(image, LETTERS, MODEL_4)).toMatchObject({ maxSecondaryRuBytes: 0, maxPrimaryRuBytes: 0 });
  });

  it('keeps eight characters of a name at most, and none of a name that is cut off', () => {
    const image = IMAGE.slice();
    image[27] = 0x0c;
    expect(parseBindImage(image, LETTERS, MODEL_4)?.pluName).toBe('IBM0SMAA');
    expect(parseBindImage(IMAGE.subarray(0, 36), LETTERS, MODEL_4)?.pluName).toBeNull();
    expect(parseBindImage(IMAGE.subarray(0, 37), LETTERS, MODEL_4)?.pluName).toBe('IBM0SMAA');
  });

  it('knows what is no BIND', () => {
    expect(parseBindImage(fromHex(''), LETTERS, MODEL_4)).toBeUndefined();
    expect(parseBindImage(fromHex('3201'), LETTERS, MODEL_4)).toBeUndefined();
  });
});
