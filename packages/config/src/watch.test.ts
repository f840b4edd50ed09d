import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './product.fixture.ts';
import { type DirectoryWatcher, watchFiles } from './watch.ts';

/** A file system that tells of its changes when it is told to. */
function watching(content: Readonly<Record<string, string>>, paths: readonly string[] = ['/etc/main.yaml']) {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const files = new MemoryFiles(content);
  const listeners = new Map<string, () => void>();
  const watcher: DirectoryWatcher = {
    watch(directory, onChange) {
      if (directory !== '/' && ![...files.content.keys()].some((path) => path.startsWith(`${directory}/`))) {
        throw new Error('no such directory');
      }
      listeners.set(directory, onChange);
      return () => {
        if (listeners.get(directory) === onChange) listeners.delete(directory);
      };
    },
  };
  const changes: (readonly string[])[] = [];
  const started = watchFiles(
    paths,
    { files, watcher, onChange: (changed) => changes.push(changed), debounceMs: 100, graceMs: 1_000 },
    scope,
  );
  const touch = (directory = '/etc'): void => listeners.get(directory)?.();
  return { clock, scope, files, listeners, changes, started, touch };
}

describe('watchFiles', () => {
  it('tells once of a change that has settled', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/main.yaml': 'a' });
    await started;
    for (const text of ['b', 'bc', 'bcd']) {
      files.content.set('/etc/main.yaml', text);
      touch();
      await clock.advance(60);
    }
    expect(changes).toEqual([]);
    await clock.advance(100);
    expect(changes).toEqual([['/etc/main.yaml']]);
    await clock.advance(10_000);
    expect(changes).toHaveLength(1);
  });

  it('does not wait for quiet for ever', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/main.yaml': 'a' });
    await started;
    files.content.set('/etc/main.yaml', 'b');
    for (let n = 0; n < 30; n++) {
      touch();
      await clock.advance(50);
    }
    expect(changes).toEqual([['/etc/main.yaml']]);
  });

  it('is silent where only the time has changed', async () => {
    const { clock, changes, started, touch } = watching({ '/etc/main.yaml': 'a' });
    await started;
    touch();
    await clock.advance(5_000);
    expect(changes).toEqual([]);
  });

  it('does not take a file that is gone for a moment for removed', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/main.yaml': 'a', '/etc/other': '' });
    await started;
    files.content.delete('/etc/main.yaml');
    touch();
    await clock.advance(500);
    files.content.set('/etc/main.yaml', 'b');
    touch();
    await clock.advance(200);
    expect(changes).toEqual([['/etc/main.yaml']]);
  });

  it('takes a file that stays away for removed', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/main.yaml': 'a', '/etc/other': '' });
    await started;
    files.content.delete('/etc/main.yaml');
    touch();
    await clock.advance(900);
    expect(changes).toEqual([]);
    await clock.advance(300);
    expect(changes).toEqual([['/etc/main.yaml']]);
  });

  it('looks into directories, at YAML alone', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/conf.d/a.yaml': 'a' }, ['/etc/conf.d']);
    await started;
    files.content.set('/etc/conf.d/b.yml', 'b');
    files.content.set('/etc/conf.d/c.txt', 'c');
    touch('/etc/conf.d');
    await clock.advance(200);
    expect(changes).toEqual([['/etc/conf.d/b.yml']]);
  });

  it('waits above a directory that is not there yet', async () => {
    const { clock, files, changes, started, touch, listeners } = watching({ '/etc/main.yaml': 'a' }, [
      '/etc/later/a.yaml',
    ]);
    await started;
    expect([...listeners.keys()]).toEqual(['/etc']);
    files.content.set('/etc/later/a.yaml', 'b');
    touch();
    await clock.advance(200);
    expect(changes).toEqual([['/etc/later/a.yaml']]);
  });

  it('tells of what changed while it looked', async () => {
    const { clock, files, changes, started, touch } = watching({ '/etc/main.yaml': 'a' });
    await started;
    const read = files.read.bind(files);
    files.read = async (path, maxBytes) => {
      const bytes = await read(path, maxBytes);
      files.read = read;
      files.content.set('/etc/main.yaml', 'c');
      touch();
      return bytes;
    };
    files.content.set('/etc/main.yaml', 'b');
    touch();
    await clock.advance(400);
    expect(changes).toEqual([['/etc/main.yaml'], ['/etc/main.yaml']]);
  });

  it('ends with its scope and leaves nothing behind', async () => {
    const { clock, scope, files, listeners, changes, started, touch } = watching({ '/etc/main.yaml': 'a' });
    await started;
    files.content.set('/etc/main.yaml', 'b');
    touch();
    scope.end();
    await clock.advance(5_000);
    expect(changes).toEqual([]);
    expect(listeners.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});
