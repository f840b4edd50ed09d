import { describe, expect, it } from 'vitest';
import { modelFor, parseOversize, parseTarget } from './target.ts';

describe('parseTarget', () => {
  it.each([
    ['host', false, { host: 'host', port: 23, lus: [] }],
    ['host', true, { host: 'host', port: 992, lus: [] }],
    ['host:3270', true, { host: 'host', port: 3270, lus: [] }],
    ['LU01@host', false, { host: 'host', port: 23, lus: ['LU01'] }],
    ['LU@1,POOL@[::1]:3270', false, { host: '::1', port: 3270, lus: ['LU@1', 'POOL'] }],
  ])('reads %s', (text, withTls, target) => {
    expect(parseTarget(text, withTls)).toEqual(target);
  });

  it('refuses what is no address', () => {
    expect(() => parseTarget('LU@', false)).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID' }));
  });
});

describe('parseOversize', () => {
  it('reads rows and columns', () => {
    expect(parseOversize('60x132')).toEqual({ rows: 60, columns: 132 });
  });

  it.each(['60', '60x', 'x132', '60*132', '-1x80'])('refuses %s', (text) => {
    expect(() => parseOversize(text)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });
});

it.each([
  [24, '3279-2-E'],
  [25, '3279-2-E'],
  [32, '3279-2-E'],
  [33, '3279-3-E'],
  [43, '3279-3-E'],
  [44, '3279-4-E'],
])('a window of %i rows gets model %s', (rows, model) => {
  expect(modelFor({ rows, columns: 80 })).toBe(model);
});
