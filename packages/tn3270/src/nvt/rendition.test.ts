import { describe, expect, it } from 'vitest';
import { COLOR } from '../datastream/attribute.ts';
import { backgroundOf, foregroundOf, highlightOf } from '../screen/cell.ts';
import { selectRendition } from './rendition.ts';

const rendition = (...parameters: number[]): { foreground: number; background: number; highlight: number } => {
  const cell = selectRendition(0, Uint16Array.from(parameters), parameters.length);
  return { foreground: foregroundOf(cell), background: backgroundOf(cell), highlight: highlightOf(cell) };
};

const PLAIN = { foreground: 0, background: 0, highlight: 0 };

// ECMA-48 §8.3.117.
describe('selectRendition', () => {
  it.each([
    [0, COLOR.NeutralBlack],
    [1, COLOR.Red],
    [2, COLOR.Green],
    [3, COLOR.Yellow],
    [4, COLOR.Blue],
    [5, COLOR.Pink],
    [6, COLOR.Turquoise],
    [7, COLOR.NeutralWhite],
  ])('pairs colour %i with its 3270 colour, plain and bright', (color, expected) => {
    expect(rendition(30 + color).foreground).toBe(expected);
    expect(rendition(90 + color).foreground).toBe(expected);
    expect(rendition(38, 5, color + 8).foreground).toBe(expected);
    expect(rendition(40 + color).background).toBe(expected);
    expect(rendition(100 + color).background).toBe(expected);
    expect(rendition(48, 5, color).background).toBe(expected);
  });

  it.each([
    [5, 25, 0x1],
    [7, 27, 0x2],
    [4, 24, 0x4],
    [1, 22, 0x8],
  ])('sets highlighting by %i and clears it by %i', (set, clear, bit) => {
    expect(rendition(set)).toEqual({ ...PLAIN, highlight: bit });
    expect(rendition(1, 4, 5, 7, clear).highlight).toBe(0xf & ~bit);
  });

  it('returns to the default colours, and by 0 to no rendition at all', () => {
    expect(rendition(31, 44, 39)).toEqual({ ...PLAIN, background: COLOR.Blue });
    expect(rendition(31, 44, 49)).toEqual({ ...PLAIN, foreground: COLOR.Red });
    expect(rendition(1, 31, 44, 0)).toEqual(PLAIN);
  });

  it('skips the operands of colours that have no 3270 pair', () => {
    expect(rendition(38, 2, 1, 4, 5, 7)).toEqual({ ...PLAIN, highlight: 0x2 });
    expect(rendition(48, 5, 200, 1)).toEqual({ ...PLAIN, highlight: 0x8 });
    expect(rendition(38)).toEqual(PLAIN);
    expect(rendition(98, 99, 108, 109, 3, 21, 53)).toEqual(PLAIN);
  });
});
