import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEnvironment, readEnvironmentFile } from './environment.ts';

describe('lines of variables', () => {
  it.each([
    ['A=1', { A: '1' }],
    ['A=1\nB=2\n', { A: '1', B: '2' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\uFEFFA=1', { A: '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['A=', { A: '' }],
    ['A=b=c==', { A: 'b=c==' }],
    ['  A = 1  ', { A: '1' }],
    ['export A=1\nexport  B=2', { A: '1', B: '2' }],
    ['exportA=1', { exportA: '1' }],
    ['# A=1\n\n   # B=2', {}],
    ['A=1 # one', { A: '1' }],
    ['A=1\t# one', { A: '1' }],
    ['A=a#b', { A: 'a#b' }],
    ['A=#b', { A: '#b' }],
    ['A= # none', { A: '' }],
    [`A='x # y' # z`, { A: 'x # y' }],
    [`A='\\n$B'`, { A: '\\n$B' }],
    [`A=''`, { A: '' }],
    [`A=" x "`, { A: ' x ' }],
    [`A="a\\"b\\\\c\\nd\\$e"`, { A: 'a"b\\c\nd$e' }],
    [`A="x" # y`, { A: 'x' }],
    [`A="x`, { A: '"x' }],
    [`A=it's`, { A: `it's` }],
    ['1A=x\nA-B=y\nA B=z\nA', {}],
    ['__proto__=x\nA=1', { A: '1' }],
  ])('%j are %j', (text, variables) => expect(parseEnvironment(text)).toEqual(variables));

  it('give back what was written between quotes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!/[\r\n]/.test(value));
        const quoted = value.replaceAll(/["\\]/g, '\\$&');
        expect(parseEnvironment(`A="${quoted}" # end`)).toEqual({ A: value });
      }),
    );
  });
});

describe('a file of variables', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'environment-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is read', async () => {
    await writeFile(join(directory, 'good'), 'A=1\n');
    expect(await readEnvironmentFile('web', join(directory, 'good'))).toEqual({ A: '1' });
  });

  it.each([
    ['missing', /missing: there is none$/],
    ['.', /no file/],
    ['large', /larger than 1048576 bytes/],
  ])('named %s is said to be no such file', async (name, reason) => {
    await writeFile(join(directory, 'large'), 'A=1');
    await truncate(join(directory, 'large'), 1_048_577);
    await expect(readEnvironmentFile('web', join(directory, name))).rejects.toMatchObject({
      code: 'WORKER_START_FAILED',
      details: { worker: 'web', stage: 'environment', reason: expect.stringMatching(reason) },
    });
  });
});
