import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWords, unitWords } from './words.ts';

describe('words of a shell', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ['', []],
    [`-p "foo bar" 'it''s' ""`, ['-p', 'foo bar', 'its', '']],
    ['a\\ b "c\\"d" \'e\\f\' "g\\h"', ['a b', 'c"d', 'e\\f', 'g\\h']],
    ['--title="My API"', ['--title=My API']],
    ['"open', undefined],
    ['end\\', ['end\\']],
  ])('%j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  it('are those of a real shell', () => {
    const texts = fc.sample(
      fc
        .string({ unit: fc.constantFrom('a', 'b', ' ', '"', "'", '\\', '=') })
        .filter((text) => shellWords(text) !== undefined && !/\\$/.test(text)),
      { numRuns: 200, seed: 7 },
    );
    const script = texts.map((text) => `printf '%s\\001' ${text}; printf '\\002'`).join('\n');
    const output = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    const expected = output
      .split('\x02')
      .slice(0, -1)
      .map((line) => line.split('\x01').slice(0, -1));
    // Without arguments printf still writes one empty text.
    expect(texts.map((text) => (shellWords(text)?.length === 0 ? [''] : shellWords(text)))).toEqual(expected);
  });
});

describe('words of a unit', () => {
  // systemd.syntax(7), "Quoting", and systemd.service(5), "Command lines".
  it.each([
    [`"VAR1=word1 word2" VAR2=word3 "VAR3=$word 5 6"`, ['VAR1=word1 word2', 'VAR2=word3', 'VAR3=$word 5 6']],
    [`ONE='one' "TWO='two two' too" THREE=`, ['ONE=one', "TWO='two two' too", 'THREE=']],
    ['\\x41\\u00e4\\U0001F600\\101\\s\\t\\"', ['Aä😀A \t"']],
    ["'a\\'b'", ["a'b"]],
    ['-o "-p -- \\\\u"', ['-o', '-p -- \\u']],
    ['echo \\; ls', ['echo', '\\;', 'ls']],
    ['a\\qb', ['a\\qb']],
    ["'open", undefined],
  ])('%j', (text, words) => {
    expect(unitWords(text)).toEqual(words);
  });
});
