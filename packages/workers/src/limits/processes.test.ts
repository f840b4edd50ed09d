import { describe, expect, it } from 'vitest';
import { diskOf } from './device.ts';
import { FakeKernel } from './kernel.fixture.ts';
import { kernelFiles } from './kernelFiles.ts';
import { parseStat, ProcessTable, readUnits } from './processes.ts';

const UNITS = { pageBytes: 4_096, ticksPerSecond: 100 };

describe('processes', () => {
  it('reads a line of /proc/PID/stat, whatever the program is called', () => {
    const line =
      '15678 (a) S (b\n) R 15667 15660 13685 0 -1 4194304 114 0 0 0 3 4 5 6 20 0 2 0 3313273 3133440 360 18446744073709551615';
    expect(parseStat(line, UNITS)).toEqual({
      pid: 15_678,
      parent: 15_667,
      session: 13_685,
      cpuTimeMs: 180,
      threads: 2,
      startTime: 3_313_273,
      virtualBytes: 3_133_440,
      rssBytes: 360 * 4_096,
    });
  });

  it.each(['', '12', '12 (a) R 1 2', '12 (a) Z 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 6 7 8'])(
    'takes %j for no process',
    (line) => {
      expect(parseStat(line, UNITS)).toBeUndefined();
    },
  );

  it('finds its own line, and the units of this machine', () => {
    const units = readUnits(kernelFiles);
    expect(units.ticksPerSecond).toBe(100);
    expect(units.pageBytes % 4_096).toBe(0);
    const table = new ProcessTable(kernelFiles, units);
    const stat = table.stat(process.pid);
    expect(stat).toMatchObject({ pid: process.pid, parent: process.ppid });
    expect(stat?.rssBytes).toBeGreaterThan(10_000_000);
  });

  it('finds a session without its leader, but nobody when the number is another one now', () => {
    const kernel = new FakeKernel();
    kernel.run({ pid: 7, session: 5 });
    kernel.run({ pid: 8, parent: 7, session: 8 });
    const identity = { pid: 5, startTime: 50, bootId: '' };
    const tree = (): readonly number[] =>
      new ProcessTable(kernel, UNITS).treeOf(identity).toSorted((one, other) => one - other);
    expect(tree()).toEqual([7, 8]);
    kernel.run({ pid: 5, startTime: 99 });
    expect(tree()).toEqual([]);
  });

  it('takes only the descendants of a process that shares the session of others', () => {
    const kernel = new FakeKernel();
    for (const pid of [5, 6]) kernel.run({ pid, session: 4 });
    kernel.run({ pid: 9, parent: 5, session: 4 });
    expect(
      new ProcessTable(kernel, UNITS)
        .treeOf({ pid: 5, startTime: 50, bootId: '' })
        .toSorted((one, other) => one - other),
    ).toEqual([5, 9]);
  });
});

describe('the disk of a directory', () => {
  it.each([
    ['a whole disk', { '/sys/dev/block/8:1/dev': '8:1\n' }, '8:1'],
    [
      'the disk of a partition',
      { '/sys/dev/block/8:1/dev': '8:1', '/sys/dev/block/8:1/partition': '1', '/sys/dev/block/8:1/../dev': '8:0\n' },
      '8:0',
    ],
    ['none of what is no disk', {}, undefined],
  ])('is %s', (_, files, disk) => {
    const kernel = new FakeKernel();
    kernel.devices.set('/data', '8:1');
    for (const [path, text] of Object.entries(files)) kernel.files.set(path, text);
    expect(diskOf('/data', kernel)).toBe(disk);
    expect(diskOf('/missing', kernel)).toBeUndefined();
  });
});
