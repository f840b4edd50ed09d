import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether bytes that are written over others take their place, as far as the host can tell. */
export interface Medium {
  readonly file_system: string;
  /** Name of the device, or of what the file system calls one. */
  readonly device: string;
  readonly is_rotational: boolean | null;
  /** False: what is overwritten is most likely still there. True: nothing that the host sees speaks against it. */
  readonly is_effective: boolean;
  readonly reason: string;
}

/** What the host says of itself; a test says something else. */
export interface HostFiles {
  /** Text of a file; undefined where there is none. */
  read(path: string): Promise<string | undefined>;
  /** Number of the device of a path, `major:minor`. */
  device(path: string): Promise<string>;
  resolve(path: string): Promise<string>;
}

/** Write over what is there, in its place, unless told otherwise. All others write elsewhere, or are not on a disk of here. */
const IN_PLACE: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'vfat']);
const COPY_ON_WRITE: ReadonlySet<string> = new Set(['btrfs', 'zfs', 'bcachefs', 'overlay', 'f2fs', 'nilfs2']);

const host: HostFiles = {
  read: (path) =>
    readFile(path, 'utf8').then(
      (text) => text,
      () => undefined,
    ),
  async device(path) {
    const { dev } = await stat(path);
    // makedev(3) of glibc.
    const number = BigInt(dev);
    const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
    return `${major}:${(number & 0xffn) | ((number >> 12n) & ~0xffn & 0xffffffffn)}`;
  },
  resolve: realpath,
};

interface Mount {
  readonly at: string;
  readonly device: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The medium that a directory is on. Raises Node's errors where there is no such directory. */
export async function mediumOf(directory: string, files: HostFiles = host): Promise<Medium> {
  const path = await files.resolve(directory);
  const mount = mountOf(path, (await files.read('/proc/mounts')) ?? '');
  if (mount === undefined) return unknown('unknown', 'unknown', 'the host does not say what file system it is');
  const { type, device, options } = mount;
  if (COPY_ON_WRITE.has(type)) return unknown(type, device, `${type} writes elsewhere, and keeps what was there`);
  if (!IN_PLACE.has(type)) return unknown(type, device, `nobody here knows where ${type} writes`);
  if (options.includes('data=journal')) return unknown(type, device, 'its journal keeps copies of data');
  const rotational = await rotationalOf(await files.device(path), files);
  const facts = { file_system: type, device, is_rotational: rotational ?? null };
  if (rotational === undefined)
    return { ...facts, is_effective: false, reason: 'the host does not say what disk it is' };
  if (!rotational) {
    const reason = 'a flash disk, or one in memory, writes elsewhere and keeps what was there in spare blocks';
    return { ...facts, is_effective: false, reason };
  }
  const reason =
    'the disk says that it rotates, which that of a virtual machine may say of anything; snapshots and backups are not reached';
  return { ...facts, is_effective: true, reason };
}

function unknown(type: string, device: string, reason: string): Medium {
  return { file_system: type, device, is_rotational: null, is_effective: false, reason };
}

/** The last mount over a path is the one in force. Octal escapes stand for blanks, proc_pid_mounts(5). */
function mountOf(path: string, mounts: string): Mount | undefined {
  const plain = (text: string): string =>
    text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  let found: Mount | undefined;
  for (const line of mounts.split('\n')) {
    const [device = '', mounted = '', type = '', options = ''] = line.split(' ');
    const at = plain(mounted);
    const isOver = at === '/' || path === at || path.startsWith(`${at}/`);
    if (type === '' || !isOver || at.length < (found?.at.length ?? 0)) continue;
    found = { at, device: plain(device), type, options: options.split(',') };
  }
  return found;
}

/** A partition has the queue of its disk, the directory above. Undefined where nothing is said, and for a file as disk. */
async function rotationalOf(device: string, files: HostFiles): Promise<boolean | undefined> {
  const block = await files.resolve(`/sys/dev/block/${device}`).catch(() => undefined);
  if (block === undefined || /\/loop\d+(?:\/|$)/.test(block)) return undefined;
  const text =
    (await files.read(join(block, 'queue', 'rotational'))) ??
    (await files.read(join(block, '..', 'queue', 'rotational')));
  return text === undefined ? undefined : text.trim() === '1';
}
