import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWords } from './words.ts';

it('splits texts as a real shell does', () => {
  const texts = fc.sample(
    fc
      .string({ unit: fc.constantFrom('a', 'b', ' ', '"', "'", '\\', '=') })
      .filter((text) => shellWords(text) !== undefined && !text.endsWith('\\')),
    { numRuns: 200, seed: 7 },
  );
  // The first argument keeps printf from writing an empty one where there is none.
  const script = texts.map((text) => `printf '%s\\001' - ${text}; printf '\\002'`).join('\n');
  const output = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  const expected = output
    .split('\x02')
    .slice(0, -1)
    .map((line) => line.split('\x01').slice(1, -1));
  expect(texts.map((text) => shellWords(text))).toEqual(expected);
});
