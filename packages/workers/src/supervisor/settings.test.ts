import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SettingsFiles, type WorkerSettings } from './settings.ts';

const NONE: WorkerSettings = { scaled: undefined, scheduledUntil: undefined };
const SCALED: WorkerSettings = { scaled: { replicas: 3, inPlaceOf: 1 }, scheduledUntil: 5 };

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('settings of a worker', () => {
  it('are read as they were written, and none where nobody has written any', async () => {
    const files = new SettingsFiles(join(directory, 'settings'));
    expect(await files.read('web')).toStrictEqual(NONE);
    await files.write('web', SCALED);
    await files.write('db', { ...NONE, scheduledUntil: 7 });
    const again = new SettingsFiles(join(directory, 'settings'));
    expect(await again.read('web')).toStrictEqual(SCALED);
    expect(await again.read('db')).toStrictEqual({ scaled: undefined, scheduledUntil: 7 });
  });

  it.each(['', '{"scaled":', 'null'])('are none where they read %j', async (text) => {
    await writeFile(join(directory, 'web.json'), text);
    expect(await new SettingsFiles(directory).read('web')).toStrictEqual(NONE);
  });

  it('are gone once they are removed, and may be removed twice', async () => {
    const files = new SettingsFiles(directory);
    await files.write('web', SCALED);
    await files.remove('web');
    await files.remove('web');
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([
    ['file', 'a part of the path is no directory'],
    ['', 'a directory is in the place of a file'],
  ])('cannot be written below %j, which is said with the directory', async (below, reason) => {
    await writeFile(join(directory, 'file'), '');
    await mkdir(join(directory, 'web.json'));
    await expect(new SettingsFiles(join(directory, below)).write('web', SCALED)).rejects.toMatchObject({
      code: 'WORKER_RUN_DIRECTORY',
      details: { directory: join(directory, below), reason },
    });
  });
});
