import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeDirectory, readLocalServer, removeLocalServer, writeLocalServer } from './home.ts';

const SERVER = { url: 'http://127.0.0.1:1', token: 'secret-token' };
let folder = '';
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-home-'));
  env = { ROUNDHOUSE_HOME: join(folder, 'deep', 'home') };
});
afterEach(() => rm(folder, { recursive: true }));

describe('the note of the running server', () => {
  it('is for its owner alone, and leaves nothing else behind', async () => {
    await writeLocalServer(env, SERVER);
    const home = homeDirectory(env);
    expect((await stat(home)).mode & 0o777).toBe(0o711);
    const [file, ...others] = await readdir(home);
    expect(others).toEqual([]);
    expect((await stat(join(home, String(file)))).mode & 0o777).toBe(0o600);
    expect(await readLocalServer(env)).toEqual(SERVER);
  });

  it('takes the place of an older one, whatever its mode was', async () => {
    await writeLocalServer(env, SERVER);
    const file = join(homeDirectory(env), 'server.json');
    await rm(file);
    await writeFile(file, '{}', { mode: 0o644 });
    await writeLocalServer(env, SERVER);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('goes with its server, but not when another has taken over', async () => {
    await writeLocalServer(env, { ...SERVER, token: 'newer' });
    await removeLocalServer(env, SERVER);
    expect(await readLocalServer(env)).toMatchObject({ token: 'newer' });
    await removeLocalServer(env, { ...SERVER, token: 'newer' });
    expect(await readLocalServer(env)).toBeUndefined();
  });

  it('counts as absent when it cannot be read', async () => {
    await writeLocalServer(env, SERVER);
    await writeFile(join(homeDirectory(env), 'server.json'), '{"url":1}');
    expect(await readLocalServer(env)).toBeUndefined();
  });
});
