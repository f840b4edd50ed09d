import { describe, expect, it } from 'vitest';
import { FakeKernel } from '../limits/kernel.fixture.ts';
import { groupNameOf } from './contract.ts';
import { findCgroups, removeCgroups, restoreCgroups } from './hierarchy.ts';

const ALL = ['cpu', 'io', 'memory', 'pids'];
const ROOT = '/sys/fs/cgroup';

describe('the hierarchy of control groups', () => {
  it('hands the controllers of v2 on to the groups below ours', async () => {
    const kernel = new FakeKernel().withUnified(['cpuset', ...ALL]);
    const { unified, legacy } = await findCgroups('a', kernel);
    expect(unified).toEqual({ directory: `${ROOT}/roundhouse-a`, controllers: ALL });
    expect(legacy.size).toBe(0);
    expect(kernel.files.get(`${ROOT}/roundhouse-a/cgroup.subtree_control`)).toBe(ALL.join(' '));
    expect(kernel.directories.has(`${ROOT}/roundhouse-a/probe`)).toBe(false);
  });

  it('goes below the group that it is in, and moves itself to a leaf where controllers need it', async () => {
    const kernel = new FakeKernel().withUnified(ALL, '/system.slice/roundhouse.service');
    const base = `${ROOT}/system.slice/roundhouse.service`;
    const { unified } = await findCgroups('a', kernel);
    expect(unified).toEqual({ directory: `${base}/roundhouse-a`, controllers: ALL });
    expect(kernel.files.get(`${base}/supervisor/cgroup.procs`)).toBe('77\n');
    expect(kernel.files.get(`${base}/cgroup.procs`)).toBe('');
  });

  it('finds the same groups from the leaf that the one before it has moved to', async () => {
    const kernel = new FakeKernel().withUnified(ALL, '/system.slice/roundhouse.service');
    const first = await findCgroups('a', kernel);
    kernel.files.set('/proc/self/cgroup', '0::/system.slice/roundhouse.service/supervisor\n');
    expect(await findCgroups('a', kernel)).toEqual(first);
  });

  it('takes its ancestors and its children along to the leaf', async () => {
    const kernel = new FakeKernel().withUnified(ALL, '/box');
    kernel.run({ pid: 76, parent: 1 });
    kernel.files.set('/proc/77/stat', '77 (node) S 76 0');
    kernel.run({ pid: 78, parent: 77 });
    kernel.files.set(`${ROOT}/box/cgroup.procs`, '76\n77\n78\n');
    expect((await findCgroups('a', kernel)).unified?.controllers).toEqual(ALL);
    expect(kernel.files.get(`${ROOT}/box/supervisor/cgroup.procs`)).toBe('76\n77\n78\n');
  });

  it('moves nobody when strangers are in its group, and has a tree without controllers then', async () => {
    const kernel = new FakeKernel().withUnified(ALL, '/user.slice');
    kernel.run({ pid: 500, parent: 1 });
    kernel.files.set(`${ROOT}/user.slice/cgroup.procs`, '77\n500\n');
    const { unified } = await findCgroups('a', kernel);
    expect(unified).toEqual({ directory: `${ROOT}/user.slice/roundhouse-a`, controllers: [] });
    expect(kernel.files.get(`${ROOT}/user.slice/cgroup.procs`)).toBe('77\n500\n');
  });

  it('has a directory in the tree of each controller of v1, below the own group of each', async () => {
    const kernel = new FakeKernel().withLegacy(['cpu', 'cpuset', 'pids']).withLegacy(['memory'], '/session/1');
    const { unified, legacy } = await findCgroups('a', kernel);
    expect(unified).toBeUndefined();
    expect(Object.fromEntries(legacy)).toEqual({
      cpu: `${ROOT}/cpu/roundhouse-a`,
      memory: `${ROOT}/memory/session/1/roundhouse-a`,
      pids: `${ROOT}/pids/roundhouse-a`,
    });
  });

  it('has both where both are mounted', async () => {
    const kernel = new FakeKernel().withLegacy(['memory']).withUnified([], '/', `${ROOT}/unified`);
    const { unified, legacy } = await findCgroups('a', kernel);
    expect(unified).toEqual({ directory: `${ROOT}/unified/roundhouse-a`, controllers: [] });
    expect([...legacy.keys()]).toEqual(['memory']);
  });

  it.each(['EROFS', 'EACCES'])('leaves out a tree that cannot be written to (%s)', async (code) => {
    const kernel = new FakeKernel().withLegacy(['memory', 'pids']).withUnified(ALL, '/', `${ROOT}/unified`);
    kernel.refusals.set(`${ROOT}/memory`, code);
    kernel.refusals.set(`${ROOT}/unified`, code);
    const { unified, legacy } = await findCgroups('a', kernel);
    expect(unified).toBeUndefined();
    expect([...legacy.keys()]).toEqual(['pids']);
  });

  it('leaves out a group of its name in which it can make none', async () => {
    const kernel = new FakeKernel().withLegacy(['memory']);
    await findCgroups('a', kernel);
    kernel.refusals.set(`${ROOT}/memory/roundhouse-a/probe`, 'EACCES');
    expect((await findCgroups('a', kernel)).legacy.size).toBe(0);
  });

  it('finds nothing on a machine that has none', async () => {
    expect(await findCgroups('a', new FakeKernel())).toEqual({ unified: undefined, legacy: new Map() });
  });

  it('sees its group where a container has mounted only a part of the tree', async () => {
    const kernel = new FakeKernel();
    const mount = '/sys/fs/cgroup/memory';
    kernel.directories.add(mount);
    kernel.directories.add(`${mount}/in side`);
    kernel.files.set('/proc/self/mountinfo', `31 23 0:28 /docker/x ${mount} rw - cgroup cgroup rw,memory\n`);
    kernel.files.set('/proc/self/cgroup', '4:memory:/docker/x/in side\n');
    expect((await findCgroups('a', kernel)).legacy.get('memory')).toBe(`${mount}/in side/roundhouse-a`);
    kernel.files.set('/proc/self/cgroup', '4:memory:/elsewhere\n');
    expect((await findCgroups('a', kernel)).legacy.size).toBe(0);
  });
});

describe('what was made of it', () => {
  const both = (): FakeKernel =>
    new FakeKernel().withLegacy(['memory', 'cpu']).withUnified(ALL, '/', `${ROOT}/unified`);
  const directories = [`${ROOT}/unified/roundhouse-a`, `${ROOT}/memory/roundhouse-a`, `${ROOT}/cpu/roundhouse-a`];
  const left = (kernel: FakeKernel): readonly string[] =>
    [...kernel.directories].filter((each) => each.includes('roundhouse-a')).toSorted();

  it('goes with the groups of instances, whatever they are called, when nothing is in them', async () => {
    const kernel = both();
    const hierarchy = await findCgroups('a', kernel);
    for (const directory of directories) {
      for (const worker of ['web', 'memory', 'tasks']) {
        await kernel.makeDirectory(`${directory}/${groupNameOf({ worker, number: 0 })}`);
      }
    }
    await kernel.makeDirectory(`${ROOT}/unified/roundhouse-a/web.0/of-the-program`);
    expect(await removeCgroups(hierarchy, kernel)).toBe(true);
    expect(left(kernel)).toEqual([]);
  });

  it.each(directories)('stays as it is while a process is in any of it: %s', async (directory) => {
    const kernel = both();
    const hierarchy = await findCgroups('a', kernel);
    for (const each of directories) await kernel.makeDirectory(`${each}/web.0`);
    await kernel.write(`${directory}/web.0/cgroup.procs`, '500');
    const before = left(kernel);
    expect(await removeCgroups(hierarchy, kernel)).toBe(false);
    expect(left(kernel)).toEqual(before);
  });

  it('is tried to the end when one is gone already or has just been joined', async () => {
    const kernel = both();
    const hierarchy = await findCgroups('a', kernel);
    for (const each of directories) await kernel.makeDirectory(`${each}/web.0`);
    const remove = kernel.removeDirectory.bind(kernel);
    let isJoined = false;
    kernel.removeDirectory = async (path) => {
      if (!isJoined) await kernel.write(`${ROOT}/memory/roundhouse-a/web.0/cgroup.procs`, '500');
      isJoined = true;
      if (path === `${ROOT}/cpu/roundhouse-a/web.0`) await remove(path);
      await remove(path);
    };
    expect(await removeCgroups(hierarchy, kernel)).toBe(false);
    expect(left(kernel)).toEqual([`${ROOT}/memory/roundhouse-a`, `${ROOT}/memory/roundhouse-a/web.0`]);
  });

  it('is there again, controllers and all, for whoever has found it before it was removed', async () => {
    const kernel = both();
    const hierarchy = await findCgroups('a', kernel);
    await removeCgroups(hierarchy, kernel);
    await restoreCgroups(hierarchy, kernel);
    expect(left(kernel)).toEqual([...directories].toSorted());
    expect(kernel.files.get(`${ROOT}/unified/roundhouse-a/cgroup.subtree_control`)).toBe(ALL.join(' '));
  });
});
