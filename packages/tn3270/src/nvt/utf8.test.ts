import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INCOMPLETE, REJECTED, REPLACEMENT_CHARACTER, Utf8Decoder } from './utf8.ts';

function decode(bytes: Iterable<number>): number[] {
  const decoder = new Utf8Decoder();
  const result: number[] = [];
  for (const byte of bytes) {
    let codePoint = decoder.push(byte);
    if (codePoint === REJECTED) {
      result.push(REPLACEMENT_CHARACTER);
      codePoint = decoder.push(byte);
    }
    if (codePoint !== INCOMPLETE) result.push(codePoint);
  }
  if (decoder.pending) result.push(REPLACEMENT_CHARACTER);
  return result;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) as number);

describe('Utf8Decoder', () => {
  it('decodes what is well-formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const wellFormed = text.toWellFormed();
        expect(decode(new TextEncoder().encode(wellFormed))).toEqual(codePoints(wellFormed));
      }),
    );
  });

  it.each([
    ['a lead byte before another', [0xc9, 0xc2, 0xd4, 0x41], '\ufffd\ufffd\ufffdA'],
    ['bytes within the announced length', [0xf0, 0xd4, 0xd6, 0x41, 0x42], '\ufffdAB'],
    ['an overlong form', [0xe0, 0x80, 0xaf, 0x41], '\ufffd\ufffdA'],
    ['a continuation byte alone', [0xa1, 0xbf, 0x41], '\ufffd\ufffdA'],
    ['a surrogate', [0xed, 0xa0, 0x80, 0x41], '\ufffdA'],
    ['a form of five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80, 0x41], '\ufffdA'],
    ['a byte that begins nothing', [0xfe, 0xff, 0x41], '\ufffd\ufffdA'],
  ])('replaces %s by one character', (_, bytes, expected) => {
    expect(decode(bytes)).toEqual(codePoints(expected));
  });
});
