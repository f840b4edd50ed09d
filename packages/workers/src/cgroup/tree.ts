import { join } from 'node:path';
import { codeOf, type KernelFiles, readIfThere } from '../limits/kernelFiles.ts';

/**
 * Files of controllers and of the group itself, of v1 too; every other entry of a group's directory is a group below it.
 * What ends in a number is of an instance, whatever its worker is called.
 */
const CONTROL_FILE =
  /^(?:(?:blkio|cgroup|cpu|cpuacct|cpuset|hugetlb|io|irq|memory|misc|pids|rdma|dmem|debug)\.(?!\d+$)|tasks$|notify_on_release$)/;

/** Directories of the groups right below; none where there is no such group. */
export function groupsBelow(directory: string, files: KernelFiles): readonly string[] {
  try {
    const names = files.list(directory).filter((name) => !CONTROL_FILE.test(name));
    return names.map((name) => join(directory, name));
  } catch {
    return [];
  }
}

/** The v2 group of an instance: all that its program ever starts, however it is started. Kill: Linux 5.14 or later. */
export class GroupTree {
  readonly #directory: string;
  readonly #files: KernelFiles;

  constructor(directory: string, files: KernelFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  /** What a program writes its number to, before it begins. */
  get joinFile(): string {
    return join(this.#directory, 'cgroup.procs');
  }

  open(): Promise<void> {
    return this.#files.makeDirectory(this.#directory);
  }

  /** Whether anything lives in it or below; zombies do not count. */
  isPopulated(): boolean {
    return /^populated 1$/m.test(readIfThere(this.#files, join(this.#directory, 'cgroup.events')) ?? '');
  }

  /** Pids of it and of all groups below, which a program may have made; zombies may be among them. */
  pids(): readonly number[] {
    return this.#pidsBelow(this.#directory);
  }

  /** Sends SIGKILL to all of it at once, what is being forked included. False where the kernel has no such file. */
  async kill(): Promise<boolean> {
    try {
      await this.#files.write(join(this.#directory, 'cgroup.kill'), '1');
      return true;
    } catch {
      return false;
    }
  }

  /** It stays when it is in use: the next who needs it finds it. */
  async remove(): Promise<void> {
    await this.#removeBelow(this.#directory);
  }

  #pidsBelow(directory: string): number[] {
    const text = readIfThere(this.#files, join(directory, 'cgroup.procs')) ?? '';
    const pids = text.split('\n').filter(Boolean).map(Number);
    // A fraction of what it takes to list the directory.
    const stat = readIfThere(this.#files, join(directory, 'cgroup.stat')) ?? '';
    if (/^nr_descendants 0$/m.test(stat)) return pids;
    return [...pids, ...groupsBelow(directory, this.#files).flatMap((each) => this.#pidsBelow(each))];
  }

  async #removeBelow(directory: string): Promise<void> {
    for (const each of groupsBelow(directory, this.#files)) await this.#removeBelow(each);
    try {
      await this.#files.removeDirectory(directory);
    } catch (error) {
      if (!['ENOENT', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
    }
  }
}
