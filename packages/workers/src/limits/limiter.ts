import { join } from 'node:path';
import type { Clock, Logger } from '@roundhouse/core';
import { type CgroupHierarchy, groupNameOf } from '../cgroup/contract.ts';
import { GroupTree } from '../cgroup/tree.ts';
import type { Limiter } from './contract.ts';
import { controllersOf } from './controllers.ts';
import { diskOf } from './device.ts';
import { directoryBytes } from './directoryBytes.ts';
import { InstanceEnforcement } from './enforcement.ts';
import { InstanceGroups } from './groups.ts';
import { type KernelFiles, kernelFiles } from './kernelFiles.ts';
import { readUnits } from './processes.ts';
import { maxDescriptors } from './rights.ts';
import { Sampler } from './sampler.ts';

export interface LimiterOptions {
  readonly hierarchy: CgroupHierarchy;
  /** Processors of this machine. */
  readonly cores: number;
}

export interface LimiterDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files?: KernelFiles;
  /** Size of what is below a directory; null when there is none. */
  readonly directoryBytes?: (directory: string) => Promise<number | null>;
}

/** Holds programs to their limits: with control groups and resource limits where there are any, and by watching. */
export function createLimiter({ hierarchy, cores }: LimiterOptions, deps: LimiterDependencies): Limiter {
  const { clock, log, files = kernelFiles } = deps;
  const controllers = controllersOf(hierarchy);
  const sampler = new Sampler(clock, files, readUnits(files));
  const descriptors = maxDescriptors(files);
  const shared = { clock, log, files, sampler, cores, directoryBytes: deps.directoryBytes ?? directoryBytes };
  return {
    backends: [...cgroupBackends(hierarchy), 'rlimits', '/proc'],
    async prepare(instance, limits, monitoring, sources) {
      const { workingDirectory } = sources;
      const device = workingDirectory === undefined ? undefined : diskOf(workingDirectory, files);
      const means = { controllers, device, maxDescriptors: descriptors };
      const groups = new InstanceGroups(groupNameOf(instance), controllers, files);
      const { unified } = hierarchy;
      const tree = unified && new GroupTree(join(unified.directory, groupNameOf(instance)), files);
      const enforcement = new InstanceEnforcement(instance, monitoring, sources, means, groups, tree, shared);
      await enforcement.open(limits);
      return enforcement;
    },
  };
}

function cgroupBackends({ unified, legacy }: CgroupHierarchy): string[] {
  const v2 = unified?.controllers ?? [];
  const v1 = [...legacy.keys()].filter((name) => !v2.includes(name)).toSorted();
  return [
    ...(v2.length > 0 ? [`cgroup v2 (${v2.join(', ')})`] : []),
    ...(v1.length > 0 ? [`cgroup v1 (${v1.join(', ')})`] : []),
  ];
}
