import { basename } from 'node:path';
import { codeOf, type KernelFiles, readIfThere } from '../limits/kernelFiles.ts';
import type { ProcessIdentity } from '../process/contract.ts';
import type { Processes } from '../process/processes.ts';
import type { AttachSpec } from '../spec/spec.ts';
import { readPidFile } from './pidFile.ts';

/** What was found: the one process that is meant, or why there is none to be sure of. */
export type Location =
  | { readonly process: ProcessIdentity }
  | { readonly process: undefined; readonly reason: 'not_found' | 'stale_pid_file' | 'ambiguous' | 'forbidden' };

const NOWHERE: Location = { process: undefined, reason: 'not_found' };
const STALE: Location = { process: undefined, reason: 'stale_pid_file' };
const AMBIGUOUS: Location = { process: undefined, reason: 'ambiguous' };
const FORBIDDEN: Location = { process: undefined, reason: 'forbidden' };

/** A program writes its file after it began; clocks and ticks differ by less than this, ms. */
const FILE_SLACK_MS = 2_000;
/** The kernel keeps so much of a name, proc_pid_comm(5). */
const NAME_LENGTH = 15;
const LISTENING = '0A';
const ROOT = 0;

/** Finds processes that somebody else has started. A number alone is never believed. */
export class Locator {
  readonly #files: KernelFiles;
  readonly #processes: Processes;

  constructor(files: KernelFiles, processes: Processes) {
    this.#files = files;
    this.#processes = processes;
  }

  locate(by: AttachSpec['by']): Promise<Location> {
    switch (by.kind) {
      case 'pid_file':
        return this.#byFile(by.path);
      case 'name':
        return Promise.resolve(this.#only(this.#all().filter((pid) => this.#isNamed(pid, by.name, by.arguments))));
      default:
        return Promise.resolve(this.#byPort(by.port));
    }
  }

  async #byFile(path: string): Promise<Location> {
    const file = await readPidFile(path);
    if (file === undefined || file.pid === process.pid) return NOWHERE;
    const found = this.#processes.identify(file.pid);
    const { threadGroup, users } = this.#statusOf(file.pid);
    // Threads have numbers too; what began after the file was written cannot have written it. Either way the number is
    // that of a process that has ended, and was given away since.
    const isStranger =
      found === undefined ||
      threadGroup !== file.pid ||
      this.#processes.startedAt(found) > file.writtenAt + FILE_SLACK_MS;
    if (isStranger) return STALE;
    // Nobody may have us watch, and stop, what is another's.
    const isTrusted = file.owner === ROOT || file.owner === process.geteuid?.() || users.includes(file.owner);
    return isTrusted ? { process: found } : FORBIDDEN;
  }

  #statusOf(pid: number): { readonly threadGroup: number; readonly users: readonly number[] } {
    const text = readIfThere(this.#files, `/proc/${pid}/status`) ?? '';
    const [, users = ''] = /^Uid:\s*(.*)$/m.exec(text) ?? [];
    return { threadGroup: Number(/^Tgid:\s*(\d+)$/m.exec(text)?.[1]), users: users.split(/\s+/).map(Number) };
  }

  #isNamed(pid: number, name: string, wanted: readonly string[]): boolean {
    const short = readIfThere(this.#files, `/proc/${pid}/comm`)?.trimEnd();
    const given = (this.#processes.commandLine(pid) ?? '').split('\0').slice(0, -1);
    const [program] = given;
    // Empty for threads of the kernel.
    if (program === undefined || !wanted.every((argument) => given.includes(argument))) return false;
    if (basename(program) === name) return true;
    if (short !== name.slice(0, NAME_LENGTH)) return false;
    // It may go on differently: then the program file or, for a script, its first argument has to tell.
    return name.length < NAME_LENGTH || [this.#fileOf(pid), given[1] ?? ''].some((path) => basename(path) === name);
  }

  /** Empty where it may not be read. */
  #fileOf(pid: number): string {
    try {
      return this.#files.readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
    } catch {
      return '';
    }
  }

  #byPort(port: number): Location {
    const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => this.#listeners(table, port)));
    if (sockets.size === 0) return NOWHERE;
    let isForbidden = false;
    const holders = this.#all().filter((pid) => {
      try {
        return this.#files.list(`/proc/${pid}/fd`).some((name) => sockets.has(this.#socketOf(pid, name)));
      } catch (error) {
        isForbidden ||= codeOf(error) === 'EACCES';
        return false;
      }
    });
    return holders.length === 0 && isForbidden ? FORBIDDEN : this.#only(holders);
  }

  /** Empty for what has been closed since it was listed. */
  #socketOf(pid: number, descriptor: string): string {
    try {
      return this.#files.readLink(`/proc/${pid}/fd/${descriptor}`);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    }
  }

  /** Lines of proc_net_tcp(5): `number: address:port peer state … inode`, in hexadecimal. */
  #listeners(table: string, port: number): string[] {
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    return (readIfThere(this.#files, `/proc/net/${table}`) ?? '').split('\n').flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      return local.endsWith(suffix) && state === LISTENING && inode !== undefined ? [`socket:[${inode}]`] : [];
    });
  }

  /** The one that the others descend from; two that do not belong together are none. */
  #only(pids: readonly number[]): Location {
    const alive = pids.flatMap((pid) => this.#processes.identify(pid) ?? []);
    const among = new Set(alive.map(({ pid }) => pid));
    const [root, ...others] = alive.filter(({ pid }) => !this.#descends(pid, among));
    if (root === undefined) return NOWHERE;
    return others.length > 0 ? AMBIGUOUS : { process: root };
  }

  #descends(pid: number, among: ReadonlySet<number>): boolean {
    const seen = new Set([pid]);
    for (let each = this.#parentOf(pid); each > 1 && !seen.has(each); each = this.#parentOf(each)) {
      if (among.has(each)) return true;
      seen.add(each);
    }
    return false;
  }

  /** NaN when it is gone. */
  #parentOf(pid: number): number {
    const text = readIfThere(this.#files, `/proc/${pid}/stat`) ?? '';
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  }

  #all(): readonly number[] {
    const own = process.pid;
    return this.#files
      .list('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== own);
  }
}
