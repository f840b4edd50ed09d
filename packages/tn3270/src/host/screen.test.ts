import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Answer, defineScreen, type Field } from './screen.ts';

const size = { rows: 24, columns: 80 };

describe('defineScreen', () => {
  it('places each field behind its attribute, the last rows counted from the end', () => {
    const screen = defineScreen({
      fields: [
        { row: -1, column: 2, text: 'PF3' },
        { row: 1, column: 2, name: 'user', length: 8 },
      ],
    });
    expect(screen.layout({ rows: 43, columns: 80 })).toMatchObject({
      fields: [
        { attribute: 0, start: 1, end: 9, closed: true },
        { attribute: 3360, start: 3361, end: 3364, closed: false },
      ],
      cursor: 1,
    });
  });

  it('puts the cursor where the definition says, else into the first input, else home', () => {
    const input = { row: 3, column: 2, name: 'a', length: 1 } as const;
    const wanted = { row: 5, column: 2, name: 'b', length: 1, cursor: true } as const;
    expect(defineScreen({ fields: [input, wanted] }).layout(size).cursor).toBe(321);
    expect(defineScreen({ fields: [input] }).layout(size).cursor).toBe(161);
    expect(defineScreen({ fields: [{ row: 3, column: 2, text: 'x' }] }).layout(size).cursor).toBe(0);
  });

  it('closes an input only where no other field begins at its end', () => {
    const { fields } = defineScreen({
      fields: [
        { row: 1, column: 2, name: 'a', length: 4 },
        { row: 1, column: 7, text: 'next' },
      ],
    }).layout(size);
    expect(fields.map(({ closed }) => closed)).toEqual([false, false]);
  });

  it.each<[string, readonly Field[]]>([
    ['a field off the screen', [{ row: 25, column: 2, text: 'x' }]],
    ['a column of a larger screen', [{ row: 1, column: 81, text: 'x' }]],
    ['no room for the attribute', [{ row: 1, column: 1, text: 'x' }]],
    ['a field over the end', [{ row: -1, column: -2, text: 'xyz' }]],
    ['an input that cannot be closed', [{ row: -1, column: -2, name: 'a', length: 2 }]],
    ['an empty field', [{ row: 1, column: 2, text: '' }]],
    ['a part of a row', [{ row: 1.5, column: 2, text: 'x' }]],
    [
      'overlapping fields',
      [
        { row: 1, column: 2, text: 'abc' },
        { row: 1, column: 4, text: 'x' },
      ],
    ],
    [
      'an attribute on another field',
      [
        { row: 1, column: 2, text: 'abc' },
        { row: 1, column: 5, text: 'x' },
      ],
    ],
    [
      'a name that stands twice',
      [
        { row: 1, column: 2, name: 'a', length: 1 },
        { row: 2, column: 2, name: 'a', length: 1 },
      ],
    ],
  ])('refuses %s', (_, fields) => {
    expect(() => defineScreen({ fields })).toThrow(expect.objectContaining({ code: 'SCREEN_INVALID' }));
  });

  it('refuses a size too small only when it is shown there', () => {
    const screen = defineScreen({ size: { rows: 43, columns: 80 }, fields: [{ row: 40, column: 2, text: 'x' }] });
    expect(() => screen.layout(size)).toThrow(expect.objectContaining({ code: 'SCREEN_INVALID' }));
  });

  it('types what comes back by the names of the inputs', () => {
    const screen = defineScreen({
      fields: [
        { row: 1, column: 2, text: 'label' },
        { row: 2, column: 2, name: 'user', length: 8 },
        { row: 3, column: 2, name: 'message', length: 8, protected: true },
      ],
    });
    expect(screen.inputNames).toEqual(['user']);
    expect(screen.shownNames).toEqual(['user', 'message']);
    expectTypeOf(screen.inputNames).toEqualTypeOf<readonly 'user'[]>();
    expectTypeOf(screen.shownNames).toEqualTypeOf<ReadonlyArray<'user' | 'message'>>();
    expectTypeOf<Answer<'user'>['values']>().toEqualTypeOf<Readonly<Record<'user', string>>>();
  });
});
