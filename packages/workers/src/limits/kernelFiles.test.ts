import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryBytes } from './directoryBytes.ts';
import { kernelFiles } from './kernelFiles.ts';

describe('files of the kernel', () => {
  it('names the device of a file as the table of mounts does', () => {
    const mounts = kernelFiles
      .read('/proc/self/mountinfo')
      .split('\n')
      .map((line) => line.split(' '));
    expect(mounts.find(([, , , , directory]) => directory === '/proc')?.[2]).toBe(kernelFiles.device('/proc'));
  });

  it('reads what is longer than one piece', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kernel-files-'));
    try {
      const text = 'ä'.repeat(20_000);
      await writeFile(join(directory, 'long'), text, 'latin1');
      expect(kernelFiles.read(join(directory, 'long'))).toBe(text);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes no file that is not there, and makes no directory twice', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kernel-files-'));
    try {
      await expect(kernelFiles.write(join(directory, 'missing'), '1')).rejects.toMatchObject({ code: 'ENOENT' });
      await kernelFiles.makeDirectory(directory);
    } finally {
      await kernelFiles.removeDirectory(directory);
    }
  });
});

describe('the size of a directory', () => {
  it('is what its files take on the disk, holes and targets of links aside', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'directory-bytes-'));
    try {
      await kernelFiles.makeDirectory(join(directory, 'below'));
      const empty = (await directoryBytes(directory)) ?? Number.NaN;
      await writeFile(join(directory, 'below', 'file'), Buffer.alloc(100_000, 1));
      await writeFile(join(directory, 'hole'), '');
      await truncate(join(directory, 'hole'), 50_000_000);
      await symlink('/usr', join(directory, 'link'));
      const grown = ((await directoryBytes(directory)) ?? Number.NaN) - empty;
      expect(grown).toBeGreaterThanOrEqual(100_000);
      expect(grown).toBeLessThan(200_000);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('is not known of one that is not there', async () => {
    expect(await directoryBytes('/nowhere/at/all')).toBeNull();
  });
});
