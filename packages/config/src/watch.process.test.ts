import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from './files.ts';
import { systemWatcher, watchFiles } from './watch.ts';

let folder: string;
let scope: Scope;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-watch-'));
  scope = createScope();
});
afterEach(() => {
  scope.end();
  rmSync(folder, { recursive: true });
});

/** Watches real files; `next` is the next change told. */
async function watching(...paths: string[]) {
  const changes: (readonly string[])[] = [];
  let wake = (): void => {};
  const onChange = (changed: readonly string[]): void => {
    changes.push(changed);
    wake();
  };
  await watchFiles(
    paths,
    { files: systemFiles, watcher: systemWatcher, onChange, debounceMs: 30, graceMs: 300 },
    scope,
  );
  return async function next(): Promise<readonly string[]> {
    if (changes.length === 0) {
      await scope.child({ timeoutMs: 10_000, what: 'A change' }).race(
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      );
    }
    return changes.shift() as readonly string[];
  };
}

describe('watchFiles on a real file system', () => {
  it('sees a write, a rename over the file, and the file after that', async () => {
    const file = join(folder, 'main.yaml');
    writeFileSync(file, 'a');
    const next = await watching(file);
    writeFileSync(file, 'b');
    expect(await next()).toEqual([file]);
    for (const text of ['c', 'd']) {
      writeFileSync(join(folder, '.new'), text);
      renameSync(join(folder, '.new'), file);
      expect(await next()).toEqual([file]);
    }
  });

  it('sees the links of a ConfigMap swapped, again and again', async () => {
    const publish = (version: string, text: string): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'main.yaml'), text);
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    publish('..1', 'a');
    symlinkSync('..data/main.yaml', join(folder, 'main.yaml'));
    const next = await watching(join(folder, 'main.yaml'));
    for (const version of ['..2', '..3']) {
      publish(version, version);
      expect(await next()).toEqual([join(folder, 'main.yaml')]);
    }
    rmSync(join(folder, '..2'), { recursive: true });
    // In the directory that the link leads to now.
    writeFileSync(join(folder, '..3/main.yaml'), 'edited in place');
    expect(await next()).toEqual([join(folder, 'main.yaml')]);
  });

  it('sees a directory on the way swapped', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'main.yaml'), version);
    }
    symlinkSync('v1', join(folder, 'current'));
    const file = join(folder, 'current/main.yaml');
    const next = await watching(file);
    symlinkSync('v2', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'current'));
    expect(await next()).toEqual([file]);
  });

  it('sees a file come into a directory that was not there, and go', async () => {
    const conf = join(folder, 'conf.d');
    const next = await watching(conf);
    mkdirSync(conf);
    writeFileSync(join(conf, 'a.yaml'), 'a');
    expect(await next()).toEqual([join(conf, 'a.yaml')]);
    unlinkSync(join(conf, 'a.yaml'));
    expect(await next()).toEqual([join(conf, 'a.yaml')]);
  });

  it('sees a directory removed and made again, and what happens in the new one', async () => {
    const file = join(folder, 'sub/main.yaml');
    const next = await watching(file);
    for (const text of ['a', 'b']) {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(file, text);
      expect(await next()).toEqual([file]);
      writeFileSync(file, `${text} again`);
      expect(await next()).toEqual([file]);
      rmSync(join(folder, 'sub'), { recursive: true });
      expect(await next()).toEqual([file]);
    }
  });
});
