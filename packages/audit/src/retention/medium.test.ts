import { describe, expect, it } from 'vitest';
import { type HostFiles, mediumOf } from './medium.ts';

const MOUNTS = [
  'proc /proc proc rw 0 0',
  '/dev/sda2 / ext4 rw,relatime 0 0',
  '/dev/sdb1 /srv ext4 rw,data=journal 0 0',
  '/dev/nvme0n1p1 /srv/fast xfs rw 0 0',
  'tank/audit /srv/tank zfs rw 0 0',
  '/dev/sdc1 /srv/with\\040blank btrfs rw 0 0',
  'overlay /container overlay rw 0 0',
  'nas:/x /nas nfs4 rw 0 0',
  '/dev/sdd1 /old ext4 rw 0 0',
  'tmpfs /old/new tmpfs rw 0 0',
  '/dev/loop3 /image ext4 rw 0 0',
  '/dev/dm-0 /mapped ext4 rw 0 0',
  '/dev/unknown /strange ext4 rw 0 0',
].join('\n');
const DEVICES: Readonly<Record<string, string>> = {
  '/var/audit': '/sys/devices/pci/block/sda/sda2',
  '/srv/fast/a': '/sys/devices/pci/nvme/nvme0n1/nvme0n1p1',
  '/image/a': '/sys/devices/virtual/block/loop3',
  '/mapped/a': '/sys/devices/virtual/block/dm-0',
  '/strange/a': '',
};
const FILES: Readonly<Record<string, string>> = {
  '/proc/mounts': MOUNTS,
  '/sys/devices/pci/block/sda/queue/rotational': '1\n',
  '/sys/devices/pci/nvme/nvme0n1/queue/rotational': '0\n',
  '/sys/devices/virtual/block/loop3/queue/rotational': '1\n',
  '/sys/devices/virtual/block/dm-0/queue/rotational': '1\n',
};

/** A host with these mounts and disks; the device of a path is told by the path itself. */
const host: HostFiles = {
  read: async (path) => FILES[path],
  device: async (path) => path,
  async resolve(path) {
    const [, device] = /^\/sys\/dev\/block\/(\/.+)$/.exec(path) ?? [];
    if (device === undefined) return path;
    const found = DEVICES[device];
    if (found === undefined || found === '') throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    return found;
  },
};

describe('whether overwriting has an effect', () => {
  it.each<[path: string, type: string, isEffective: boolean, reason: string]>([
    ['/var/audit', 'ext4', true, 'rotates'],
    ['/mapped/a', 'ext4', true, 'virtual machine'],
    ['/srv/x', 'ext4', false, 'journal keeps copies'],
    ['/srv/fast/a', 'xfs', false, 'flash disk'],
    ['/srv/tank/a', 'zfs', false, 'zfs writes elsewhere'],
    ['/srv/with blank/a', 'btrfs', false, 'btrfs writes elsewhere'],
    ['/container', 'overlay', false, 'overlay writes elsewhere'],
    ['/nas/audit', 'nfs4', false, 'nobody here knows'],
    ['/old/new/audit', 'tmpfs', false, 'nobody here knows'],
    ['/image/a', 'ext4', false, 'does not say what disk'],
    ['/strange/a', 'ext4', false, 'does not say what disk'],
  ])('in %s, on %s, is %s: %s', async (path, type, isEffective, reason) => {
    expect(await mediumOf(path, host)).toMatchObject({
      file_system: type,
      is_effective: isEffective,
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('is not believed where the host says nothing', async () => {
    const silent: HostFiles = { ...host, read: async () => undefined };
    expect(await mediumOf('/var/audit', silent)).toMatchObject({ file_system: 'unknown', is_effective: false });
  });

  it('is found out of this host', async () => {
    const medium = await mediumOf('.');
    expect(medium.file_system).toMatch(/^\w+$/);
    expect(medium.reason).not.toBe('');
  });
});
