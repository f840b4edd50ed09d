import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { codeOf, type KernelFiles, readIfThere } from '../limits/kernelFiles.ts';
import type { ProcessIdentity } from '../process/contract.ts';
import type { Processes } from '../process/processes.ts';
import type { AttachSpec } from '../spec/spec.ts';

/** What was found: the one process that is meant, or why there is none to be sure of. */
export type Location =
  | { readonly process: ProcessIdentity }
  | { readonly process: undefined; readonly reason: 'not_found' | 'stale_pid_file' | 'ambiguous' | 'forbidden' };

const NOWHERE: Location = { process: undefined, reason: 'not_found' };

/** A program writes its file after it began; clocks and ticks differ by less than this, ms. */
const FILE_SLACK_MS = 2_000;
/** The kernel keeps so much of a name, comm(5). */
const NAME_LENGTH = 15;
const LISTENING = '0A';

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
        return Promise.resolve(this.#only(this.#named(by.name, by.arguments)));
      default:
        return Promise.resolve(this.#byPort(by.port));
    }
  }

  async #byFile(path: string): Promise<Location> {
    const pid = Number(/^\s*(\d+)/.exec(readIfThere(this.#files, path) ?? '')?.[1]);
    if (!Number.isSafeInteger(pid) || pid <= 1) return NOWHERE;
    const process = this.#processes.identify(pid);
    if (process === undefined) return { process: undefined, reason: 'stale_pid_file' };
    let writtenAt;
    try {
      writtenAt = (await stat(path)).mtimeMs;
    } catch {
      return NOWHERE;
    }
    // What began after the file was written cannot have written it: its number is that of one that has ended.
    const isStranger = this.#processes.startedAt(process) > writtenAt + FILE_SLACK_MS;
    return isStranger ? { process: undefined, reason: 'stale_pid_file' } : { process };
  }

  #named(name: string, wanted: readonly string[]): readonly number[] {
    return this.#all().filter((pid) => {
      if (readIfThere(this.#files, `/proc/${pid}/comm`)?.trimEnd() !== name.slice(0, NAME_LENGTH)) {
        const [program = ''] = this.#argumentsOf(pid);
        if (basename(program) !== name) return false;
      }
      const given = this.#argumentsOf(pid);
      return wanted.every((argument) => given.includes(argument));
    });
  }

  #argumentsOf(pid: number): readonly string[] {
    return (this.#processes.commandLine(pid) ?? '').split('\0').slice(0, -1);
  }

  #byPort(port: number): Location {
    const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => this.#listeners(table, port)));
    if (sockets.size === 0) return NOWHERE;
    let isForbidden = false;
    const holders = this.#all().filter((pid) => {
      try {
        return this.#files
          .list(`/proc/${pid}/fd`)
          .some((descriptor) => sockets.has(this.#files.readLink(`/proc/${pid}/fd/${descriptor}`)));
      } catch (error) {
        isForbidden ||= codeOf(error) === 'EACCES';
        return false;
      }
    });
    if (holders.length === 0 && isForbidden) return { process: undefined, reason: 'forbidden' };
    return this.#only(holders);
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
    const among = new Set(pids);
    const roots = pids.filter((pid) => !among.has(this.#parentOf(pid)));
    const [root] = roots;
    if (root === undefined) return NOWHERE;
    if (roots.length > 1) return { process: undefined, reason: 'ambiguous' };
    const process = this.#processes.identify(root);
    return process === undefined ? NOWHERE : { process };
  }

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
