import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { APL } from './apl.ts';
import { CODE_PAGES, codePage } from './registry.ts';

const ALL_CODES = Array.from({ length: 256 }, (_, code) => code);
const GRAPHIC_CODES = ALL_CODES.slice(0x40, 0xff);

/** Thai tone marks stand twice on page 1160: at the first code for old data, at the second for what is sent. */
const DECODE_ONLY: Readonly<Record<string, readonly number[]>> = { '1160': [0x51, 0xca, 0xe1, 0xfd] };

/** 803 has the Hebrew alef at 50; 1026 has its quotation mark at FC. */
const VARIANT: Readonly<Record<string, readonly string[]>> = { '803': ['&'], '1026': ['"'] };

const text = (id: string, codes: readonly number[]): string =>
  String.fromCodePoint(...codes.map((code) => codePage(id).toUnicode(code)));

describe.each(CODE_PAGES.map((page) => page.id))('code page %s', (id) => {
  const page = codePage(id);

  it('has no graphic for control codes and eight ones', () => {
    const controls = ALL_CODES.filter((code) => code < 0x40 || code === 0xff);
    expect(controls.filter((code) => page.toUnicode(code) !== 0)).toEqual([]);
  });

  it('gives every graphic its own code back', () => {
    const graphics = GRAPHIC_CODES.filter((code) => page.toUnicode(code) !== 0);
    const strays = graphics.filter((code) => page.fromUnicode(page.toUnicode(code)) !== code);
    expect(strays).toEqual(DECODE_ONLY[id] ?? []);
    for (const code of strays)
      expect(page.toUnicode(page.fromUnicode(page.toUnicode(code)))).toBe(page.toUnicode(code));
  });

  it('has the invariant characters where every EBCDIC page has them', () => {
    // CDRA, character set 640 without the lower case letters, which the Hebrew page 803 has not.
    const invariant = ' .<(+&*);-/,%_>?:\'="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const codes = Buffer.from(
      '404b4c4d4e505c5d5e60616b6c6d6e6f7a7d7e7fc1c2c3c4c5c6c7c8c9d1d2d3d4d5d6d7d8d9e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9',
      'hex',
    );
    const misplaced = [...invariant].filter((c, index) => page.fromUnicode(c.charCodeAt(0)) !== codes[index]);
    expect(misplaced).toEqual(VARIANT[id] ?? []);
  });

  it('has no code for null, controls and what lies beyond 16 bits', () => {
    expect([0, 0x0a, 0x85, 0x1f600, 0xffff, -1].map((each) => page.fromUnicode(each))).toEqual(Array(6).fill(-1));
  });
});

describe('code page vectors', () => {
  it.each([
    // IBM code page charts, CDRA.
    ['037', [0xc1, 0x4a, 0x5a, 0x4f, 0x5f, 0xba, 0xbb, 0xe0], 'A¢!|¬[]\\'],
    ['bracket', [0xad, 0xbd, 0xba, 0xbb, 0x4a, 0xc1], '[]Ý¨¢A'],
    ['1047', [0xad, 0xbd, 0x5f, 0xb0, 0xba, 0xbb], '[]^¬Ý¨'],
    ['500', [0x4a, 0x5a, 0x4f, 0xbb, 0xb0], '[]!|¢'],
    ['273', [0xc0, 0x6a, 0xd0, 0x4a, 0xe0, 0x5a, 0xa1, 0x7c], 'äöüÄÖÜß§'],
    ['277', [0xc0, 0x6a, 0xd0, 0x7b, 0x7c, 0x5b], 'æøåÆØÅ'],
    ['285', [0x5b, 0x4a, 0xa1], '£$¯'],
    ['297', [0xc0, 0xd0, 0x7c], 'éèà'],
    ['1140', [0x9f, 0x4a], '€¢'],
    ['1142', [0x5a], '€'],
    ['1158', [0xe1], '€'],
    ['424', [0x41, 0x71], 'את'],
    ['875', [0x41, 0xb4, 0xb8, 0xcc, 0xcd], 'Αϊϋΐΰ'],
    ['880', [0x77, 0xb9, 0x41], 'аА\u00a0'],
    ['275', [0x41, 0x7b], '\u00a0Õ'],
  ] as const)('%s', (id, codes, expected) => {
    expect(text(id, codes)).toBe(expected);
    expect([...expected].map((c) => codePage(id).fromUnicode(c.charCodeAt(0)))).toEqual(codes);
  });

  it('differs from page 037 in the bracket page by the brackets and what they displaced', () => {
    const differing = ALL_CODES.filter(
      (code) => codePage('037').toUnicode(code) !== codePage('bracket').toUnicode(code),
    );
    expect(differing).toEqual([0xad, 0xba, 0xbb, 0xbd]);
  });

  it('differs from its old page in 1140 by the euro sign alone', () => {
    const differing = ALL_CODES.filter((code) => codePage('037').toUnicode(code) !== codePage('1140').toUnicode(code));
    expect(differing).toEqual([0x9f]);
  });
});

const hasIconv = spawnSync('iconv', ['--version']).status === 0;

describe.skipIf(!hasIconv)('compared with iconv', () => {
  /** Where other tables of IBM's page agree against glibc; `tools/code-pages.ts` has the reasons. */
  const differences: Readonly<Record<string, readonly number[]>> = { '275': [0x41], '285': [0xa1], '880': [0x41] };
  const numbered = CODE_PAGES.filter((page) => page.id !== 'bracket').map((page) => page.id);

  it.each(numbered)('page %s has the graphics of glibc', (id) => {
    // A line feed (25) after each code keeps the answers apart where iconv drops a code.
    const input = Buffer.from(GRAPHIC_CODES.flatMap((code) => [code, 0x25]));
    const { stdout } = spawnSync('iconv', ['-c', '-f', `IBM${id}`, '-t', 'UTF-8'], { input });
    const lines = stdout.toString().split('\n');
    expect(lines).toHaveLength(GRAPHIC_CODES.length + 1);
    const page = codePage(id);
    const differing = GRAPHIC_CODES.filter(
      (code, index) => page.toUnicode(code) !== (lines[index]?.codePointAt(0) ?? 0),
    );
    expect(differing).toEqual(differences[id] ?? []);
  });
});

describe('APL', () => {
  it('has line drawing and functional symbols', () => {
    // Code page 310, "Graphic Escape APL/TN".
    const codes = [0xc5, 0xa2, 0xd5, 0x85, 0xc4, 0xd4, 0xd3, 0xad, 0xbd, 0xb2, 0xb3, 0x90, 0x8c, 0xae];
    const symbols = '┌─┐│└┘┼[]⍳⍴⎕≤≥';
    expect(String.fromCodePoint(...codes.map((code) => APL.toUnicode(code)))).toBe(symbols);
    expect([...symbols].map((c) => APL.fromUnicode(c.charCodeAt(0)))).toEqual(codes);
  });

  it('gives every symbol its own code back', () => {
    const symbols = ALL_CODES.filter((code) => code >= 0x70 && APL.toUnicode(code) !== 0);
    expect(symbols).toHaveLength(113);
    expect(symbols.filter((code) => APL.fromUnicode(APL.toUnicode(code)) !== code)).toEqual([]);
  });

  it('shows underlined letters as plain ones and takes circled ones for them', () => {
    const codes = ALL_CODES.slice(0x41, 0x70).filter((code) => APL.toUnicode(code) !== 0);
    expect(String.fromCodePoint(...codes.map((code) => APL.toUnicode(code)))).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    expect([...'ⒶⒾⒿⓇⓈⓏ'].map((c) => APL.fromUnicode(c.charCodeAt(0)))).toEqual([0x41, 0x49, 0x51, 0x59, 0x62, 0x69]);
  });

  it('leaves letters, the space and everything unknown to the base page', () => {
    expect([...'A z€\0'].map((c) => APL.fromUnicode(c.charCodeAt(0)))).toEqual([-1, -1, -1, 0xe7, -1]);
    expect([0x00, 0x3f, 0x4a, 0xff].map((code) => APL.toUnicode(code))).toEqual([0, 0, 0, 0]);
  });
});
