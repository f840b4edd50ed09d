import { endianness } from 'node:os';
import type { ProcessIdentity } from '../process/contract.ts';
import { type KernelFiles, readIfThere } from './kernelFiles.ts';

/** What of `/proc/PID/stat` is of use. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Of itself and of the children that it has waited for, ms. */
  readonly cpuTimeMs: number;
  readonly threads: number;
  readonly startTime: number;
  readonly virtualBytes: number;
  readonly rssBytes: number;
}

/** What the kernel counts in. */
export interface KernelUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** Entries of the auxiliary vector, getauxval(3). */
const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;

export function readUnits(files: KernelFiles): KernelUnits {
  const vector = Buffer.from(readIfThere(files, '/proc/self/auxv') ?? '', 'latin1');
  const wordAt = (offset: number): bigint =>
    endianness() === 'LE' ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset);
  const units = { pageBytes: 4_096, ticksPerSecond: 100 };
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) {
    const kind = wordAt(offset);
    if (kind === AT_PAGESZ) units.pageBytes = Number(wordAt(offset + 8));
    if (kind === AT_CLKTCK) units.ticksPerSecond = Number(wordAt(offset + 8));
  }
  return units;
}

/** Undefined when it is gone, or dead and not yet waited for. */
export function parseStat(text: string, { pageBytes, ticksPerSecond }: KernelUnits): ProcessStat | undefined {
  // The name is in brackets and may hold any others, blanks and ends of line.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (fields.length < 22 || state === 'Z' || state === 'X') return undefined;
  // Numbered from 3 in proc_pid_stat(5).
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    session: field(6),
    cpuTimeMs: ((field(14) + field(15) + field(16) + field(17)) * 1_000) / ticksPerSecond,
    threads: field(20),
    startTime: field(22),
    virtualBytes: field(23),
    rssBytes: field(24) * pageBytes,
  };
}

/** The processes at one moment. Each is read once, and all of them only when somebody needs all. */
export class ProcessTable {
  readonly #files: KernelFiles;
  readonly #units: KernelUnits;
  readonly #stats = new Map<number, ProcessStat | undefined>();
  #children: ReadonlyMap<number, readonly ProcessStat[]> | undefined;
  #sessions: ReadonlyMap<number, readonly ProcessStat[]> | undefined;

  constructor(files: KernelFiles, units: KernelUnits) {
    this.#files = files;
    this.#units = units;
  }

  stat(pid: number): ProcessStat | undefined {
    if (this.#stats.has(pid)) return this.#stats.get(pid);
    const text = readIfThere(this.#files, `/proc/${pid}/stat`);
    const stat = text === undefined ? undefined : parseStat(text, this.#units);
    this.#stats.set(pid, stat);
    return stat;
  }

  /**
   * The process with all of its session, when it leads one, and their descendants. What has left both is not found: only
   * a control group holds on to that.
   */
  treeOf({ pid, startTime }: ProcessIdentity): readonly number[] {
    const leader = this.stat(pid);
    if (leader !== undefined && leader.startTime !== startTime) return [];
    this.#readAll();
    // A number that names a session is not given to another process while anybody is in it.
    const isSession = leader === undefined || leader.session === pid;
    const tree = new Set<number>();
    const pending = [...(leader === undefined ? [] : [leader]), ...((isSession && this.#sessions?.get(pid)) || [])];
    for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
      if (tree.has(each.pid)) continue;
      tree.add(each.pid);
      pending.push(...(this.#children?.get(each.pid) ?? []));
    }
    return [...tree];
  }

  #readAll(): void {
    if (this.#children !== undefined) return;
    const stats = this.#files
      .list('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => this.stat(Number(name)) ?? []);
    this.#children = Map.groupBy(stats, ({ parent }) => parent);
    this.#sessions = Map.groupBy(stats, ({ session }) => session);
  }
}
