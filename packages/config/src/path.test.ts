import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, formatPath, matches, parseAddress, parsePattern, select, valueAt } from './path.ts';

describe('parseAddress', () => {
  it.each([
    ['endpoints[east].port', ['endpoints', 'east', 'port']],
    ['endpoints.east.port', ['endpoints', 'east', 'port']],
    ['endpoints[0]', ['endpoints', '0']],
    ['a["b.c"].d', ['a', 'b.c', 'd']],
    ['a["q\\"]"]', ['a', 'q"]']],
    ['a[b.c]', ['a', 'b.c']],
    ['', undefined],
    ['a..b', undefined],
    ['a[', undefined],
    ['a[]', undefined],
    ['.a', ['a']],
    ['a b', undefined],
  ])('reads %j as %j', (text, parts) => expect(parseAddress(text)).toEqual(parts));

  it('reads what formatPath writes', () => {
    const path = fc.array(fc.oneof(fc.string({ minLength: 1 }), fc.nat(9)), { minLength: 1 });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), path, (first, rest) => {
        expect(parseAddress(formatPath([first, ...rest]))).toEqual([first, ...rest].map(String));
      }),
    );
  });
});

describe('patterns', () => {
  it.each([
    ['endpoints[].port', ['endpoints', 3, 'port'], true],
    ['endpoints[].port', ['endpoints', 'x', 'port'], false],
    ['users.*.key', ['users', 'kim', 'key'], true],
    ['a[][]', ['a', 0, 1], true],
    ['a', ['a', 'b'], false],
  ])('%s matches %j: %s', (pattern, path, isMatch) => expect(matches(parsePattern(pattern), path)).toBe(isMatch));

  it('cover what lies below', () => {
    expect(covers(parsePattern('a[]'), ['a', 0, 'b'])).toBe(true);
    expect(covers(parsePattern('a[]'), ['a'])).toBe(false);
  });

  it('select every value, with its path', () => {
    const value = { a: [{ b: 1 }, {}, { b: [2] }], c: { x: { b: 3 } } };
    expect(select(value, parsePattern('a[].b'))).toEqual([
      { path: ['a', 0, 'b'], value: 1 },
      { path: ['a', 2, 'b'], value: [2] },
    ]);
    expect(select(value, parsePattern('c.*.b'))).toEqual([{ path: ['c', 'x', 'b'], value: 3 }]);
    for (const each of select(value, parsePattern('a[].b[]'))) expect(valueAt(value, each.path)).toBe(each.value);
  });
});
