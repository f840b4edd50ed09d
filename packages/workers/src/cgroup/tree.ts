import { join } from 'node:path';
import { codeOf, type KernelFiles, readIfThere } from '../limits/kernelFiles.ts';

/** Files of controllers and of the group itself; every other entry of a group's directory is a group below it. */
const CONTROL_FILE = /^(?:cgroup|cpu|cpuset|hugetlb|io|irq|memory|misc|pids|rdma|dmem|debug)\./;

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

  /** Pids of it and of all groups below, which a program may have made. */
  pids(): readonly number[] {
    return this.isPopulated() ? this.#pidsBelow(this.#directory) : [];
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
    const below = this.#groupsBelow(directory).flatMap((each) => this.#pidsBelow(each));
    return [...text.split('\n').filter(Boolean).map(Number), ...below];
  }

  async #removeBelow(directory: string): Promise<void> {
    for (const each of this.#groupsBelow(directory)) await this.#removeBelow(each);
    try {
      await this.#files.removeDirectory(directory);
    } catch (error) {
      if (!['ENOENT', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
    }
  }

  #groupsBelow(directory: string): readonly string[] {
    try {
      const names = this.#files.list(directory).filter((name) => !CONTROL_FILE.test(name));
      return names.map((name) => join(directory, name));
    } catch {
      return [];
    }
  }
}
