import type { LimitName } from '../spec/spec.ts';
import type { InstanceGroups } from './groups.ts';
import { type KernelFiles, readIfThere } from './kernelFiles.ts';
import type { Placement, Rlimit } from './plan.ts';

/** Titles in `/proc/PID/limits`. */
const RLIMIT_TITLES = {
  as: 'Max address space',
  cpu: 'Max cpu time',
  fsize: 'Max file size',
  nofile: 'Max open files',
} as const satisfies Record<Rlimit['name'], string>;

const NOT_JOINED = 'the kernel holds it from its next start on';

/**
 * Which limits do not hold for a process that is running, with the reason: it was started before they were there, or not
 * by us.
 */
export function findLoose(
  pid: number,
  placements: readonly Placement[],
  groups: InstanceGroups,
  files: KernelFiles,
): ReadonlyMap<LimitName, string> {
  const loose = new Map<LimitName, string>();
  const membership = placements.some(({ group }) => group) ? readIfThere(files, `/proc/${pid}/cgroup`) : undefined;
  const limits = placements.some(({ rlimit }) => rlimit) ? readIfThere(files, `/proc/${pid}/limits`) : undefined;
  for (const { limit, group, rlimit } of placements) {
    const isIn = group === undefined || membership === undefined || groups.isMember(group.controller, membership);
    const isSet = rlimit === undefined || limits === undefined || hardLimitOf(rlimit.name, limits) <= rlimit.value;
    if (!isIn || !isSet) loose.set(limit, NOT_JOINED);
  }
  return loose;
}

function hardLimitOf(name: Rlimit['name'], text: string): number {
  const line = text.split('\n').find((each) => each.startsWith(RLIMIT_TITLES[name]));
  const [, hard] = line?.slice(RLIMIT_TITLES[name].length).trim().split(/\s+/) ?? [];
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard);
}
