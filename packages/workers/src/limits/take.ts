import type { GroupTree } from '../cgroup/tree.ts';
import type { ProcessIdentity } from '../process/contract.ts';
import type { LimitName, LimitsSpec } from '../spec/spec.ts';
import { countDescriptors, readProcessIo, readSwap } from './descriptors.ts';
import type { GroupUsage, InstanceGroups, IoUsage } from './groups.ts';
import type { KernelFiles } from './kernelFiles.ts';
import type { ProcessStat } from './processes.ts';
import type { Tick } from './sampler.ts';

/** What is read only when it is asked for, because it takes a file or more for each process. */
export interface Wanted {
  readonly descriptors: boolean;
  readonly connections: boolean;
  readonly io: boolean;
}

export const EVERYTHING: Wanted = { descriptors: true, connections: true, io: true };

/** What the limits are compared with. */
export function wantedBy(limits: LimitsSpec): Wanted {
  return {
    descriptors: 'io.max_file_descriptors' in limits,
    connections: 'network.max_connections' in limits,
    io: IO_LIMITS.some((name) => name in limits),
  };
}

const IO_LIMITS = [
  'io.max_read_rate',
  'io.max_write_rate',
  'io.max_read_ops',
  'io.max_write_ops',
] as const satisfies readonly LimitName[];

/** What the processes of a run take at one moment. */
export interface Taken {
  readonly processes: readonly ProcessStat[];
  readonly cpuTimeMs: number;
  readonly rssBytes: number;
  readonly swapBytes: number;
  readonly fileDescriptors: number | null;
  readonly connections: number | null;
  readonly io: IoUsage | null;
  readonly group: GroupUsage | undefined;
}

/** The processes of a run: those of a control group that holds it, or of its session where none does. */
export function pidsOf(
  leader: ProcessIdentity,
  groups: InstanceGroups,
  tree: GroupTree | undefined,
  tick: Tick,
): readonly number[] {
  // A program that was running before there was a group is not in it.
  const isOf = (pids: readonly number[] | undefined): pids is readonly number[] => pids?.includes(leader.pid) === true;
  const limited = groups.pids();
  if (isOf(limited)) return limited;
  const grouped = tree?.pids();
  return isOf(grouped) ? grouped : tick.processes.treeOf(leader);
}

/** Undefined when there are none. */
export function take(
  pids: readonly number[],
  groups: InstanceGroups,
  wanted: Wanted,
  tick: Tick,
  files: KernelFiles,
): Taken | undefined {
  const processes = pids.flatMap((pid) => tick.processes.stat(pid) ?? []);
  if (processes.length === 0) return undefined;
  const present = processes.map(({ pid }) => pid);
  const group = groups.isOpen ? groups.usage() : undefined;
  return {
    processes,
    cpuTimeMs: sum(processes.map(({ cpuTimeMs }) => cpuTimeMs)),
    rssBytes: group?.rssBytes ?? sum(processes.map(({ rssBytes }) => rssBytes)),
    swapBytes: group?.swapBytes ?? (tick.hasSwap ? sum(present.map((pid) => readSwap(pid, files))) : 0),
    fileDescriptors: wanted.descriptors ? maxDescriptorsOf(present, files) : null,
    connections: wanted.connections ? tick.connections.count(present) : null,
    io: wanted.io ? ioOf(present, files) : null,
    group,
  };
}

function maxDescriptorsOf(pids: readonly number[], files: KernelFiles): number | null {
  const counts = pids.map((pid) => countDescriptors(pid, files)).filter((count) => count !== null);
  return counts.length === 0 ? null : Math.max(...counts);
}

/** Null when none of them may be looked at. */
function ioOf(pids: readonly number[], files: KernelFiles): IoUsage | null {
  const all = pids.map((pid) => readProcessIo(pid, files)).filter((each) => each !== null);
  if (all.length === 0) return null;
  return {
    readBytes: sum(all.map((each) => each.readBytes)),
    writeBytes: sum(all.map((each) => each.writeBytes)),
    readOps: sum(all.map((each) => each.readOps)),
    writeOps: sum(all.map((each) => each.writeOps)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
