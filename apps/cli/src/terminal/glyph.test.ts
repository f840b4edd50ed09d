import { describe, expect, it } from 'vitest';
import { glyphOf, isSteady, isWideGlyph, UNDRAWABLE } from './glyph.ts';

describe('glyphOf', () => {
  it('never gives anything that steers a terminal', () => {
    // C0, DEL, C1, format controls, line separators, surrogates.
    for (let codePoint = 0; codePoint < 0x3000; codePoint++) {
      expect(glyphOf(codePoint)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }
  });

  it.each([
    [0x00, ' '],
    [0x20, ' '],
    [0xa0, ' '],
    [0x3000, ' '],
    [0x41, 'A'],
    [0xe9, 'é'],
    [0xad, '-'],
    [0x2500, '─'],
    [0x2373, '⍳'],
    [0x0e31, ' \u0e31'],
    [0x1b, UNDRAWABLE],
    [0x9b, UNDRAWABLE],
    [0x202e, UNDRAWABLE],
    [0xd800, UNDRAWABLE],
  ])('shows U+%s as %j', (codePoint, glyph) => {
    expect(glyphOf(codePoint)).toBe(glyph);
  });
});

it.each([
  ['A', false],
  ['é', false],
  ['─', false],
  ['中', true],
  ['한', true],
  ['Ａ', true],
  ['🙂', true],
])('%s takes two cells: %s', (glyph, isWide) => {
  expect(isWideGlyph(glyph)).toBe(isWide);
});

it('trusts letters alone to move the cursor by one', () => {
  expect(['A', ' ', 'é', '─', '中', ' \u0e31'].map(isSteady)).toEqual([true, true, true, false, false, false]);
});
