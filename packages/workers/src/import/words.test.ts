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
