import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/roundhouse.js', import.meta.url));
/** Its parts, where there is a build. */
const BUNDLE = new URL('../dist/bundle/', import.meta.url);

let home = '';
let child: ChildProcessWithoutNullStreams;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'roundhouse-bin-'));
});
afterEach(async () => {
  child.kill('SIGKILL');
  await rm(home, { recursive: true });
});

function start(...args: string[]): { readonly output: () => string } {
  const { ROUNDHOUSE_TOKEN: _, ...inherited } = process.env;
  const places = { ROUNDHOUSE_HOME: home, ROUNDHOUSE_PORT: '0', ROUNDHOUSE_DEMO_PORTS: '0,0' };
  const cache = join(home, 'cache');
  const env = { ...inherited, ...places, ...(existsSync(cache) && { CACHE_DIRECTORY: cache }) };
  child = spawn(process.execPath, [BIN, ...args], { env });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { output: () => text };
}

async function printed(output: () => string, pattern: RegExp): Promise<string> {
  for (;;) {
    const match = pattern.exec(output());
    if (match !== null) return match[0];
    await once(child.stdout, 'data');
  }
}

describe('the roundhouse command', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'demo runs until %s, then exits with 0 and takes its token along',
    async (signal) => {
      const { output } = start('demo');
      await printed(output, /Ctrl-C stops everything/);
      expect(output()).toMatch(/API {4}http:\/\/127\.0\.0\.1:\d+\n {2}Token {2}rh_[\w-]{43}\n/);
      expect(await readdir(home)).toEqual(['server.json']);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(await readdir(home)).toEqual([]);
    },
  );

  it.each([
    ['keeps what it compiled for the next start', 0o700, true],
    ['keeps nothing where others could change it', 0o777, false],
  ] as const)('%s', async (_, mode, isKept) => {
    const cache = join(home, 'cache');
    await mkdir(cache);
    await chmod(cache, mode);
    child = spawn(process.execPath, [BIN, '--help'], { env: { PATH: process.env['PATH'], XDG_CACHE_HOME: cache } });
    expect(await once(child, 'exit')).toEqual([0, null]);
    const files = await readdir(join(cache, 'roundhouse', 'compiled'), { recursive: true });
    expect(files.length > 0).toBe(isKept);
  });

  it.runIf(existsSync(BUNDLE))('takes up what it compiled, and compiles again what was damaged', async () => {
    const cache = join(home, 'cache');
    await mkdir(cache, { mode: 0o700 });
    const up = async (): Promise<ReadonlyMap<string, number>> => {
      const { output } = start('up');
      await printed(output, /API.*\n/);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      const [build = ''] = await readdir(join(cache, 'roundhouse', 'compiled'));
      const folder = join(cache, 'roundhouse', 'compiled', build);
      const names = await readdir(folder);
      return new Map(
        await Promise.all(
          names.map(async (name) => [join(folder, name), (await stat(join(folder, name))).ino] as const),
        ),
      );
    };
    const first = await up();
    expect(first.size).toBeGreaterThan(20);
    expect(await up()).toEqual(first);

    const [damaged = ''] = first.keys();
    const bytes = await readFile(damaged);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(damaged, bytes);
    const third = await up();
    expect([...third].filter(([file, ino]) => first.get(file) !== ino).map(([file]) => file)).toEqual([damaged]);
  });

  it('forgets what it compiled of builds that nobody has run for a month', async () => {
    const cache = join(home, 'cache');
    const folder = join(cache, 'roundhouse', 'compiled');
    for (const [name, days] of [
      ['old', 31],
      ['recent', 29],
    ] as const) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      const at = Date.now() / 1e3 - days * 86_400;
      await utimes(join(folder, name), at, at);
    }
    for (const each of [cache, join(cache, 'roundhouse'), folder]) await chmod(each, 0o700);
    child = spawn(process.execPath, [BIN, '--help'], { env: { PATH: process.env['PATH'], XDG_CACHE_HOME: cache } });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect((await readdir(folder)).toSorted()).toEqual([expect.stringMatching(/^\d+-\d+$/), 'recent']);
  });

  it.runIf(existsSync(BUNDLE))('names sources in the stacks of its bundle', async () => {
    const program = `
      const { load } = await import('${new URL('../bin/load.js', import.meta.url).href}');
      const { nameSources, run } = load('${fileURLToPath(BUNDLE)}main.cjs').exports;
      nameSources('${BUNDLE.href}');
      // Neither is a command line.
      await run(undefined).catch(({ stack }) => process.stdout.write(stack));`;
    child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    expect(await text(child.stdout)).toMatch(new RegExp(`^TypeError: .*\\n    at run \\(${main}:\\d+\\)\\n`));
  });

  it('up prints the address and the token, and does not mind a second signal', async () => {
    const { output } = start('up');
    await printed(output, /Token {2}rh_[\w-]{43}\n/);
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
