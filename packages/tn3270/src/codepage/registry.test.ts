import { describe, expect, it } from 'vitest';
import { CODE_PAGES, codePage, DEFAULT_CODE_PAGE } from './registry.ts';
import { CODE_PAGE_TABLES } from './tables.ts';

const refusal = (name: string): unknown => {
  try {
    return codePage(name);
  } catch (error) {
    return error;
  }
};

describe('codePage', () => {
  it.each([
    ['037', '037'],
    ['37', '037'],
    ['cp037', '037'],
    ['CP37', '037'],
    ['US-Intl', '037'],
    ['german', '273'],
    ['Belgian-Euro', '1148'],
    ['slovenian', '870'],
    ['oldibm', 'bracket'],
    ['1047', '1047'],
  ])('finds %s', (name, id) => {
    expect(codePage(name).id).toBe(id);
  });

  it('gives every session the same object', () => {
    expect(codePage('german')).toBe(codePage('CP273'));
    expect(codePage('bracket')).not.toBe(codePage('037'));
  });

  it.each([
    ['germna', 'german'],
    ['cp1048', 'cp1047'],
    ['braket', 'bracket'],
  ])('answers %s with the nearest name', (name, suggestion) => {
    expect(refusal(name)).toMatchObject({
      code: 'CODE_PAGE_UNKNOWN',
      details: { code_page: name, suggestion, known: expect.stringContaining('bracket, 037, 273') },
      hint: expect.stringContaining(`Did you mean ${suggestion}?`),
    });
  });

  it.each(['', 'klingon-standard', 'constructor', '__proto__', 'x'.repeat(100_000)])(
    'suggests nothing where nothing is near',
    (name) => {
      const error = refusal(name);
      expect(error).toMatchObject({ code: 'CODE_PAGE_UNKNOWN', hint: expect.stringMatching(/^Known code pages: /) });
      expect(error).not.toHaveProperty('details.suggestion');
      expect(String((error as Error).message).length).toBeLessThan(100);
    },
  );

  it.each([
    ['930', '930'],
    ['CP1399', '1399'],
    ['korean', '933'],
    ['simplified-chinese', '935'],
  ])('says that double-byte page %s is not supported', (name, id) => {
    expect(refusal(name)).toMatchObject({
      code: 'NOT_SUPPORTED',
      details: { what: `double-byte code page ${id}` },
    });
  });
});

describe('CODE_PAGES', () => {
  it('lists every table once, and no name twice', () => {
    expect(CODE_PAGES.map((page) => page.id).sort()).toEqual(Object.keys(CODE_PAGE_TABLES).sort());
    const names = CODE_PAGES.flatMap((page) => [page.id, ...page.aliases]);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  it('has the default page', () => {
    expect(codePage(DEFAULT_CODE_PAGE).id).toBe('bracket');
  });

  it.each([
    // As the reference emulator announces them in the Character Sets reply.
    ['bracket', 0x02b9_0025],
    ['037', 0x02b9_0025],
    ['1047', 0x02b9_0417],
    ['424', 0x0545_01a8],
    ['803', 0x047b_0323],
    ['870', 0x03bf_0366],
    ['875', 0x039d_036b],
    ['880', 0x03bf_0370],
    ['1026', 0x0480_0402],
    ['1140', 0x02b7_0474],
    ['1149', 0x02b7_047d],
    ['1158', 0x02b9_0486],
    ['1160', 0x0573_0488],
  ])('carries the CGCSGID of %s', (id, expected) => {
    expect(codePage(id).cgcsgid).toBe(expected);
  });
});
