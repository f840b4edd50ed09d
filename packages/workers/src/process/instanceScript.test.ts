import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launchOf } from './host.fixture.ts';
import { InstanceDirectory } from './instanceDirectory.ts';
import { instanceScript } from './instanceScript.ts';

describe('the launch of an instance', () => {
  it('does nothing while a part of it is missing', async () => {
    const root = await mkdtemp(join(tmpdir(), 'roundhouse-script-'));
    try {
      const directory = new InstanceDirectory(root, { worker: 'web', number: 0 });
      await directory.make();
      const run = { generation: 7, token: 'token', bootId: 'boot', secrets: undefined, joinFile: undefined };
      const { launch } = instanceScript(launchOf(['/bin/true']), directory, run);
      // Its last two characters are the brace, without which there is nothing to run, and the end of its line.
      for (const length of [0, 2, 40, 200, launch.indexOf('exec ') + 5, launch.length - 10, launch.length - 2]) {
        await writeFile(directory.file('launch', 7), launch.slice(0, length));
        const stdio = ['ignore', 'ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'] as const;
        const { output } = spawnSync('/bin/sh', [directory.file('launch', 7), '3'], {
          encoding: 'utf8',
          stdio: [...stdio],
        });
        expect(output.slice(4), `${length} characters`).toEqual(['', '', '']);
        expect(await directory.readRun(7)).toBeUndefined();
      }
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('runs its generation once, whichever shim is told to, and says who it is before it begins', async () => {
    const root = await mkdtemp(join(tmpdir(), 'roundhouse-script-'));
    try {
      const directory = new InstanceDirectory(root, { worker: 'web', number: 0 });
      await directory.make();
      const run = { generation: 7, token: 'token', bootId: 'boot', secrets: undefined, joinFile: undefined };
      await directory.writeLaunch(
        7,
        instanceScript(launchOf(['/bin/sh', '-c', 'echo "$ROUNDHOUSE_RUN"']), directory, run),
      );
      const launch = (shim: string): readonly (string | null)[] => {
        const { status, output } = spawnSync('/bin/sh', [directory.file('launch', 7), shim], {
          encoding: 'utf8',
          stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        });
        return [`${status}`, output[5] ?? null, output[4] ?? null];
      };
      const [status, text, told = ''] = launch('3');
      expect([status, text]).toEqual(['0', 'token\n']);
      const [, pid, start] = /^run 7 (\d+) (\d+) token 3\n$/.exec(told ?? '') ?? [];
      expect(await readFile(directory.file('pid', 7), 'utf8')).toBe(`${pid} ${start} boot token 3 .\n`);
      expect(launch('4')).toEqual(['1', '', '']);
      expect(await directory.readRun(7)).toMatchObject({ shim: 3 });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
