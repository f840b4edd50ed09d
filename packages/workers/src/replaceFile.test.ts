import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile } from './replaceFile.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replace-'));
});
afterEach(() => rm(directory, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('a file that is replaced', () => {
  it('is there whole, for its owner alone, in directories that are made for it', async () => {
    const path = join(directory, 'a', 'b', 'file');
    await replaceFile(path, 'one');
    expect(await readFile(path, 'utf8')).toBe('one');
    expect([await modeOf(path), await modeOf(join(directory, 'a')), await modeOf(join(directory, 'a', 'b'))]).toEqual([
      0o600, 0o700, 0o700,
    ]);
  });

  it('is another file than before, and leaves nothing beside it', async () => {
    const path = join(directory, 'file');
    await writeFile(path, 'a much longer text', { mode: 0o644 });
    await writeFile(`${path}.tmp`, 'what an earlier writer has left behind');
    const before = await stat(path);
    await replaceFile(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect(await readdir(directory)).toEqual(['file']);
  });

  it.each([
    ['below a file', 'file/below', 'ENOTDIR'],
    ['in place of a directory', 'full', 'EISDIR'],
  ])('cannot be %s', async (_where, name, code) => {
    await writeFile(join(directory, 'file'), '');
    await mkdir(join(directory, 'full'));
    await expect(replaceFile(join(directory, name), 'text')).rejects.toMatchObject({ code });
  });
});
